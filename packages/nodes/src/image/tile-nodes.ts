/** Nodes that cut a picture into tiles and join tiles to a picture. */
import { cropImage } from "../kernels/regions.ts";
import { defineNode, floats, type Image, image, int, NodeError, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";

/** Starts and ends of tiles along one axis; the last tile is moved back so that it has full length. */
function spans(length: number, tile: number, overlap: number): [start: number, end: number][] {
  const stride = roundHalfEven(Math.max(tile * 0.25, tile - overlap));
  const found: [number, number][] = [];
  for (let at = 0; at < length; at += stride) {
    const end = Math.min(at + tile, length);
    found.push([Math.max(0, end - tile), end]);
    if (end >= length) break;
  }
  return found;
}

function grid(
  width: number,
  height: number,
  tileWidth: number,
  tileHeight: number,
  overlap: number,
): { x: number; y: number; width: number; height: number }[] {
  const columns = spans(width, tileWidth, overlap);
  return spans(height, tileHeight, overlap).flatMap(([top, bottom]) =>
    columns.map(([left, right]) => ({ x: left, y: top, width: right - left, height: bottom - top })),
  );
}

export const splitImageToTileList = defineNode({
  name: "SplitImageToTileList",
  api: "schema",
  displayName: "Split Image into List of Tiles",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    tile_width: int({ default: 1024, min: 64, max: 16384 }),
    tile_height: int({ default: 1024, min: 64, max: 16384 }),
    overlap: int({ default: 128, min: 0, max: 4096 }),
  },
  outputs: [{ type: "IMAGE", list: true }],
  searchAliases: ["split image", "tile image", "slice image"],
  execute: ({ image, tile_width, tile_height, overlap }) => {
    const [, height = 0, width = 0] = image.shape;
    return [
      grid(width, height, tile_width, tile_height, overlap).map((tile) =>
        cropImage(image, tile.x, tile.y, tile.width, tile.height),
      ),
    ];
  },
});

export const imageMergeTileList = defineNode({
  name: "ImageMergeTileList",
  api: "schema",
  displayName: "Merge List of Tiles to Image",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image_list: image(),
    final_width: int({ default: 1024, min: 64, max: 32768 }),
    final_height: int({ default: 1024, min: 64, max: 32768 }),
    overlap: int({ default: 128, min: 0, max: 4096 }),
  },
  outputs: ["IMAGE"],
  inputIsList: true,
  searchAliases: ["split image", "tile image", "slice image"],
  execute: ({ image_list, final_width: [width = 0], final_height: [height = 0], overlap: [overlap = 0] }) => {
    const first = image_list[0];
    if (first === undefined) throw new NodeError("No tiles to merge", "IndexError");
    return [mergeTiles(image_list, first, width, height, overlap)];
  },
});

/** A mean of the tiles that cover a pixel, weighted by half a sine wave across each of them. */
function mergeTiles(
  tiles: readonly Image[],
  first: Image,
  width: number,
  height: number,
  overlap: number,
): Image {
  const [batch = 1, tileHeight = 1, tileWidth = 1, channels = 3] = first.shape;
  const sums = floats(batch * width * height * channels);
  const weights = new Float32Array(width * height);
  const across = profile(tileWidth, overlap);
  const down = profile(tileHeight, overlap);
  for (const [index, place] of grid(width, height, tileWidth, tileHeight, overlap).entries()) {
    const tile = tiles[index];
    if (tile === undefined) break;
    const [, th = 1, tw = 1] = tile.shape;
    for (let y = 0; y < Math.min(place.height, th); y += 1) {
      for (let x = 0; x < Math.min(place.width, tw); x += 1) {
        const weight = Math.fround(down[y]! * across[x]!);
        const pixel = (place.y + y) * width + place.x + x;
        weights[pixel] = weights[pixel]! + weight;
        for (let b = 0; b < batch; b += 1) {
          for (let c = 0; c < channels; c += 1) {
            const to = (b * width * height + pixel) * channels + c;
            sums[to] = sums[to]! + Math.fround(tile.data[((b * th + y) * tw + x) * channels + c]! * weight);
          }
        }
      }
    }
  }
  for (let i = 0; i < sums.length; i += 1) {
    const weight = weights[Math.floor(i / channels) % (width * height)]!;
    sums[i] = weight > 0 ? sums[i]! / weight : 0;
  }
  return tensor([batch, height, width, channels], sums);
}

function profile(length: number, overlap: number): Float32Array {
  if (overlap === 0) return new Float32Array(length).fill(1);
  return Float32Array.from({ length }, (_, i) =>
    Math.max(Math.sin(Math.PI * (length === 1 ? 0 : i / (length - 1))), 1e-5),
  );
}
