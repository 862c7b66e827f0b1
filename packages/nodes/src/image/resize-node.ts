/** `ResizeImageMaskNode`: one node for every way to say a size, for pictures and masks. */
import { cropImage } from "../kernels/regions.ts";
import { type Crop, RESAMPLING, resizeImage } from "../kernels/resample.ts";
import {
  choice,
  defineNode,
  dynamicCombo,
  float,
  type Input,
  input,
  int,
  type JsonObject,
  type Tensor,
  tensor,
} from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { completedSize } from "./scale-nodes.ts";

const side = (tooltip: string): Input<number, false> =>
  int({ tooltip, default: 512, min: 0, max: 16384, step: 1 }) as Input<number, false>;
const crop = choice(["disabled", "center"], {
  tooltip: "Cut the longer side, so that the proportions stay.",
  default: "center",
});

function required(inputs: Record<string, Input>): JsonObject {
  return {
    required: Object.fromEntries(
      Object.entries(inputs).map(([name, { declaration }]) => [name, [...declaration]]),
    ),
  } as JsonObject;
}

const RESIZE_TYPES = [
  {
    key: "scale dimensions",
    inputs: required({
      width: side("Width in pixels; 0 follows from the height."),
      height: side("Height in pixels; 0 follows from the width."),
      crop,
    }),
  },
  {
    key: "scale by multiplier",
    inputs: required({
      multiplier: float({ tooltip: "Factor for both sides.", default: 1, min: 0.01, max: 8, step: 0.01 }),
    }),
  },
  { key: "scale longer dimension", inputs: required({ longer_size: side("Longer side in pixels.") }) },
  { key: "scale shorter dimension", inputs: required({ shorter_size: side("Shorter side in pixels.") }) },
  { key: "scale width", inputs: required({ width: side("Width in pixels.") }) },
  { key: "scale height", inputs: required({ height: side("Height in pixels.") }) },
  {
    key: "scale total pixels",
    inputs: required({
      megapixels: float({
        tooltip: "Size in megapixels of 1024 × 1024.",
        default: 1,
        min: 0.01,
        max: 16,
        step: 0.01,
      }),
    }),
  },
  {
    key: "match size",
    inputs: required({
      match: input("IMAGE,MASK", { tooltip: "Picture or mask whose size is taken." }),
      crop,
    }),
  },
  {
    key: "scale to multiple",
    inputs: required({
      multiple: int({
        tooltip: "Both sides become multiples of this.",
        default: 8,
        min: 1,
        max: 16384,
        step: 1,
      }),
    }),
  },
];

type ResizeType =
  | {
      readonly resize_type: "scale dimensions";
      readonly width: number;
      readonly height: number;
      readonly crop: Crop;
    }
  | { readonly resize_type: "scale by multiplier"; readonly multiplier: number }
  | { readonly resize_type: "scale longer dimension"; readonly longer_size: number }
  | { readonly resize_type: "scale shorter dimension"; readonly shorter_size: number }
  | { readonly resize_type: "scale width"; readonly width: number }
  | { readonly resize_type: "scale height"; readonly height: number }
  | { readonly resize_type: "scale total pixels"; readonly megapixels: number }
  | { readonly resize_type: "match size"; readonly match: Tensor; readonly crop: Crop }
  | { readonly resize_type: "scale to multiple"; readonly multiple: number };

export const resizeImageMaskNode = defineNode({
  name: "ResizeImageMaskNode",
  api: "schema",
  displayName: "Resize Image/Mask",
  category: "image/transform",
  description: "Resizes a picture or a mask.",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    input: input<Tensor>("COMFY_MATCHTYPE_V3", {
      template: { template_id: "input_type", allowed_types: "IMAGE,MASK" },
    }),
    resize_type: dynamicCombo<ResizeType>(RESIZE_TYPES, { tooltip: "How the new size is given." }),
    scale_method: choice(RESAMPLING, { tooltip: "How pixels are resampled.", default: "area" }),
  },
  outputs: [{ type: "COMFY_MATCHTYPE_V3", name: "resized", matches: "input_type" }],
  searchAliases: [
    "resize",
    "resize image",
    "resize mask",
    "scale",
    "scale image",
    "scale mask",
    "image resize",
    "change size",
    "dimensions",
    "shrink",
    "enlarge",
  ],
  execute: ({ input: given, resize_type: type, scale_method: method }) => {
    const isMask = given.shape.length === 3;
    const picture = isMask ? tensor([...given.shape, 1], given.data) : given;
    const resized = resize(picture, type, (to, width, height, crop) =>
      resizeImage(to, width, height, method, crop),
    );
    return [isMask ? tensor(resized.shape.slice(0, 3), resized.data) : resized];
  },
});

function resize(
  picture: Tensor,
  type: ResizeType,
  to: (picture: Tensor, width: number, height: number, crop: Crop) => Tensor,
): Tensor {
  const [, h = 1, w = 1] = picture.shape;
  const completed = (width: number, height: number, crop: Crop = "disabled"): Tensor => {
    const size = completedSize(picture, width, height);
    return width === 0 && height === 0 ? picture : to(picture, size.width, size.height, crop);
  };
  switch (type.resize_type) {
    case "scale dimensions":
      return completed(type.width, type.height, type.crop);
    case "scale by multiplier":
      return to(picture, roundHalfEven(w * type.multiplier), roundHalfEven(h * type.multiplier), "disabled");
    case "scale longer dimension":
      return w >= h ? completed(type.longer_size, 0) : completed(0, type.longer_size);
    case "scale shorter dimension":
      return w <= h ? completed(type.shorter_size, 0) : completed(0, type.shorter_size);
    case "scale width":
      return completed(type.width, 0);
    case "scale height":
      return completed(0, type.height);
    case "scale total pixels": {
      const scale = Math.sqrt(Math.trunc(type.megapixels * 1048576) / (w * h));
      return to(picture, roundHalfEven(w * scale), roundHalfEven(h * scale), "disabled");
    }
    case "match size": {
      const [, height = 1, width = 1] = type.match.shape;
      return to(picture, width, height, type.crop);
    }
    case "scale to multiple":
      return toMultiple(picture, type.multiple, to);
  }
}

/** Covers the target, which is the size rounded down to multiples, and cuts its centre out. */
function toMultiple(
  picture: Tensor,
  multiple: number,
  to: (picture: Tensor, width: number, height: number, crop: Crop) => Tensor,
): Tensor {
  const [, h = 1, w = 1] = picture.shape;
  const width = Math.floor(w / multiple) * multiple;
  const height = Math.floor(h / multiple) * multiple;
  if (width === 0 || height === 0 || (width === w && height === h)) return picture;
  const [scaleX, scaleY] = [width / w, height / h];
  const scaledWidth = scaleX >= scaleY ? width : Math.ceil(w * scaleY);
  const scaledHeight = scaleX >= scaleY ? Math.ceil(h * scaleX) : height;
  const scaled = to(picture, scaledWidth, scaledHeight, "disabled");
  const x = Math.floor((scaledWidth - width) / 2);
  const y = Math.floor((scaledHeight - height) / 2);
  return cropImage(scaled, x, y, width, height);
}
