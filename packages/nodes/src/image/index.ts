/** Image nodes that read and write no files of their own. */
import type { NodeClass } from "@hearth/engine";
import * as batch from "./batch-nodes.ts";
import { colorTransferNode } from "./color-transfer-node.ts";
import * as color from "./color-nodes.ts";
import * as composite from "./composite-nodes.ts";
import * as dataset from "./dataset-nodes.ts";
import * as filter from "./filter-nodes.ts";
import { ltxvPreprocess } from "./ltxv-node.ts";
import { resizeImageMaskNode } from "./resize-node.ts";
import * as scale from "./scale-nodes.ts";
import { imageStitch } from "./stitch-node.ts";
import * as tile from "./tile-nodes.ts";
import * as transform from "./transform-nodes.ts";
import { textOverlay } from "./text-overlay-node.ts";

export const imageNodes: NodeClass[] = [
  scale.imageScale,
  scale.imageScaleBy,
  color.imageInvert,
  batch.imageBatch,
  transform.imagePadForOutpaint,
  color.emptyImage,
  composite.imageBlend,
  filter.imageBlur,
  filter.imageQuantize,
  filter.imageSharpen,
  scale.imageScaleToTotalPixels,
  resizeImageMaskNode,
  batch.batchImagesNode,
  colorTransferNode,
  composite.imageCompositeMasked,
  composite.porterDuffImageComposite,
  composite.splitImageWithAlpha,
  composite.joinImageWithAlpha,
  batch.rebatchImages,
  filter.canny,
  transform.imageCrop,
  transform.imageCropV2,
  batch.repeatImageBatch,
  batch.imageFromBatch,
  filter.imageAddNoise,
  imageStitch,
  textOverlay,
  scale.resizeAndPadImage,
  color.getImageSize,
  transform.imageRotate,
  transform.imageFlip,
  scale.imageScaleToMaxDimension,
  tile.splitImageToTileList,
  tile.imageMergeTileList,
  scale.fluxKontextImageScale,
  ltxvPreprocess,
  scale.resizeImagesByShorterEdge,
  scale.resizeImagesByLongerEdge,
  transform.centerCropImages,
  transform.randomCropImages,
  color.normalizeImages,
  color.adjustBrightness,
  color.adjustContrast,
  dataset.shuffleDataset,
  dataset.imageDeduplication,
  dataset.imageGrid,
  dataset.mergeImageLists,
  filter.morphologyNode,
  color.imageRgbToYuv,
  color.imageYuvToRgb,
  color.imageHistogram,
];
