/** Studio's times: the wall clock of one zone, whole seconds, without an offset, as the seed prints them. */

/** The zone of the Studio contract unless `STUDIO_TZ` names another. */
export const DEFAULT_ZONE = "Europe/Rome";

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * `2026-03-24T14:30:52` for UTC milliseconds, in an IANA zone. In the hour that a clock change repeats, two instants
 * print the same; nothing is ever sorted or subtracted by this text.
 *
 * @throws RangeError for a zone that the runtime does not know
 */
export function localTime(ms: number, zone: string = DEFAULT_ZONE): string {
  let format = formats.get(zone);
  if (format === undefined) {
    // Sweden writes dates as ISO does: "2026-03-24 14:30:52".
    format = new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "medium",
    });
    formats.set(zone, format);
  }
  return format.format(ms).replace(" ", "T");
}

/** The zone that `STUDIO_TZ` names, or the default; undefined when the runtime does not know the name. */
export function zoneFrom(name: string | undefined): string | undefined {
  if (name === undefined || name.trim() === "") return DEFAULT_ZONE;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name.trim() }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
