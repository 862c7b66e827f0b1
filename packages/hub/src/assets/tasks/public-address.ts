/** Addresses that anybody may be sent to: not this machine, not its network, not a cloud's metadata service. */
import { lookup as dnsLookup } from "node:dns";
import net, { BlockList, type LookupFunction } from "node:net";
import { AssetError } from "../errors.ts";

/** The special-purpose registries of IANA (RFC 6890 and later), and multicast. */
const PRIVATE_4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Of IPv6 only the global unicast space is let through, without these parts of it. */
const GLOBAL_6 = "2000::/3";
const PRIVATE_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const blocked = new BlockList();
for (const range of PRIVATE_4) addTo(blocked, range, "ipv4");
for (const range of PRIVATE_6) addTo(blocked, range, "ipv6");
const global6 = new BlockList();
addTo(global6, GLOBAL_6, "ipv6");

function addTo(list: BlockList, range: string, family: "ipv4" | "ipv6"): void {
  const [address = "", bits = "0"] = range.split("/");
  list.addSubnet(address, Number(bits), family);
}

/** True for a literal address that is in nobody's private network. */
export function isPublicAddress(address: string): boolean {
  if (net.isIPv4(address)) return !blocked.check(address, "ipv4");
  if (!net.isIPv6(address)) return false;
  return global6.check(address, "ipv6") && !blocked.check(address, "ipv6");
}

export function privateAddress(host: string): AssetError {
  return new AssetError("PRIVATE_ADDRESS", 400, `'${host}' leads to a private address, which is not allowed`);
}

/** The address as a URL that may be fetched. @throws AssetError 400 */
export function fetchableUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new AssetError("INVALID_URL", 400, "url must be an http or https address");
  }
  if (url.username !== "" || url.password !== "") {
    throw new AssetError("INVALID_URL", 400, "url must not carry a user name or a password");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Names are looked up at the moment of connecting; a literal address never is.
  if (!allowPrivate && net.isIP(host) !== 0 && !isPublicAddress(host)) throw privateAddress(host);
  return url;
}

/**
 * Looks a name up for one connection and refuses it when any of its addresses is private. It is asked at the moment of
 * connecting, so a name that changes its address between a check and its use gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "", 0);
    const first = addresses[0];
    if (first === undefined || addresses.some(({ address }) => !isPublicAddress(address))) {
      return callback(privateAddress(hostname) as NodeJS.ErrnoException, "", 0);
    }
    return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};
