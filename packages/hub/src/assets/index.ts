export type { Asset, RootName } from "./asset.ts";
export { Assets, type AssetsOptions, isRootName } from "./assets.ts";
export type { ReadableContent } from "./content.ts";
export { AssetError } from "./errors.ts";
export type { FolderFile } from "./registration.ts";
