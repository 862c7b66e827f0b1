/** What the HTTP side of a hub is told at its start. */
import type { Folders, JsonObject, JsonValue } from "@hearth/protocol";
import type { Logger } from "pino";
import type { Assets } from "../assets/index.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import type { PackFolders } from "../nodes/pack-folders.ts";
import type { LogRing } from "../ops/log-ring.ts";
import type { Forwarder } from "./comfy/forward.ts";
import type { LogSockets } from "./comfy/internal-logs.ts";
import type { ModelsElsewhere } from "./comfy/models.ts";

export interface HttpAuth {
  /** the key that requests from other machines must show */
  readonly key?: string | undefined;
  /** nobody needs a key */
  readonly allowAnonymous: boolean;
  /** signs the cookies of signed-in browsers */
  readonly sessionSecret: string;
}

/** PEM texts of `--tls-keyfile` and `--tls-certfile`. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** A folder of files that a node pack adds to the web page. */
export interface WebDirectory {
  readonly name: string;
  readonly folder: string;
}

export interface HttpOptions {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  /** limit of every request body, also of its inflated form, in bytes */
  readonly maxUploadBytes: number;
  /** the folder with the web page; absent: a small page of our own */
  readonly frontEndRoot?: string | undefined;
  /** `--enable-cors-header`: the origin that may read answers; absent: the origin check */
  readonly corsOrigin?: string | undefined;
  /** `--enable-compress-response-body` */
  readonly compress: boolean;
  /** the Content-Security-Policy header of `--disable-api-nodes` */
  readonly csp: boolean;
  /** `--feature-flag` values for `/features` */
  readonly featureFlags: Readonly<Record<string, JsonValue>>;
  /** the catalogue of assets; absent: off */
  readonly assets?: Assets | undefined;
  readonly log: Logger;
  /** the command line, as `/system_stats` shows it */
  readonly argv: readonly string[];
  readonly auth: HttpAuth;
  /** absent: plain HTTP */
  readonly tls?: Tls | undefined;
  /** web folders of node packs; asked at each request; absent: those of `packs` */
  readonly webDirectories?: (() => Iterable<WebDirectory>) | undefined;
  /** `--multi-user`: `Comfy-User` says whose settings, files, queue and history are meant; default: one user */
  readonly multiUser?: boolean | undefined;
  /** the packs on this machine; default: all below the folders for packs */
  readonly packs?: PackFolders | undefined;
  /** what the ComfyUIs compute on that jobs may run on, as they list it; absent or empty: this machine's processor */
  readonly devices?: (() => readonly JsonObject[]) | undefined;
  /** the last lines of the log; default: none */
  readonly logRing?: LogRing | undefined;
  /** model files that workers have in folders of their own; default: none */
  readonly modelsElsewhere?: ModelsElsewhere | undefined;
  /** where `logs` messages go; absent: nobody can subscribe to them */
  readonly logSockets?: (() => LogSockets) | undefined;
  /** passes on what only ComfyUI workers know; absent: nothing is */
  readonly forwarder?: Forwarder | undefined;
  /** a body that stands still for so long is given up; default 60 s */
  readonly bodyIdleMs?: number | undefined;
}
