/**
 * The title of a node that nobody renamed.
 *
 * The editor has names of its own for node classes, from an older state of the server: where they differ from the
 * server's `display_name`, theirs is what stands in `_meta.title`. The names were seen in prompts of editor 1.45; those
 * below "by analogy" were not, but belong to the same renaming of classes.
 */
import type { NodeInfo } from "@hearth/protocol";

/** Classes that the editor calls by their plain class name. */
const OWN_NAME = new Set(
  `
  AudioEncoderLoader BasicGuider Canny CFGGuider ConditioningZeroOut ControlNetInpaintingAliMamaApply
  DualCFGGuider DualCLIPLoader GLIGENLoader GLIGENTextBoxApply HypernetworkLoader LTXVConcatAVLatent
  LTXVPreprocess LTXVSeparateAVLatent ModelPatchLoader QuadrupleCLIPLoader QwenImageDiffsynthControlnet
  ReferenceLatent SaveAnimatedWEBP SolidMask T5TokenizerOptions TextGenerate TrimVideoLatent
  TripleCLIPLoader unCLIPCheckpointLoader USOStyleReference VideoLinearCFGGuidance
  VoxelToMesh VoxelToMeshBasic
  `.match(/\S+/g),
);

const OWN_NAME_BY_ANALOGY = new Set(
  `
  CLIPTextEncodeControlnet CLIPTextEncodeHiDream CLIPTextEncodeHunyuanDiT CLIPTextEncodeKandinsky5
  CLIPTextEncodePixArtAlpha CLIPTextEncodeSD3 CLIPTextEncodeSDXL CLIPTextEncodeSDXLRefiner
  ConditioningAverage ConditioningSetAreaPercentageVideo ConditioningSetAreaStrength CropMask
  DiffusersLoader FeatherMask ImageAddNoise ImageColorToMask ImageRGBToYUV ImageYUVToRGB
  LatentCompositeMasked LoadLatent MaskComposite PerpNegGuider PhotoMakerEncode PhotoMakerLoader
  ReplaceVideoLatentFrames SaveAnimatedPNG SaveLatent SaveSVGNode SetUnionControlNetType
  TextGenerateLTX2Prompt ThresholdMask VideoTriangleCFGGuidance ZImageFunControlnet
  `.match(/\S+/g),
);

const EDITOR_NAMES: ReadonlyMap<string, string> = new Map([
  ["ColorToRGBInt", "Color to RGB Int"],
  ["ComfySwitchNode", "Switch"],
  ["FrameInterpolate", "Frame Interpolate"],
  ["ImageBlur", "Image Blur"],
  ["ImageOnlyCheckpointLoader", "Image Only Checkpoint Loader (img2vid model)"],
  ["LTXAVTextEncoderLoader", "LTXV Audio Text Encoder Loader"],
  ["LTXVAudioVAELoader", "LTXV Audio VAE Loader"],
  ["PrimitiveString", "Text String"],
  ["PrimitiveStringMultiline", "Text String (Multiline)"],
  ["RecraftTextToVectorNode", "Recraft Text to Vector"],
  ["ResizeImagesByLongerEdge", "Resize Images by Longer Edge"],
  ["SaveAudio", "Save Audio (FLAC)"],
  ["SaveAudioMP3", "Save Audio (MP3)"],
  ["Video Slice", "Video Slice"],
  // By analogy.
  ["AddTextPrefix", "Add Text Prefix"],
  ["AddTextSuffix", "Add Text Suffix"],
  ["CenterCropImages", "Center Crop Images"],
  ["CLIPTextEncodeLumina2", "CLIP Text Encode for Lumina2"],
  ["ComfyNumberConvert", "Number Convert"],
  ["ImageBlend", "Image Blend"],
  ["ImageDeduplication", "Image Deduplication"],
  ["ImageGrid", "Image Grid"],
  ["ImageQuantize", "Image Quantize"],
  ["ImageSharpen", "Image Sharpen"],
  ["LatentFromBatch", "Latent From Batch"],
  ["LoadImageDataSetFromFolder", "Load Image Dataset from Folder"],
  ["LoadImageTextDataSetFromFolder", "Load Image and Text Dataset from Folder"],
  ["MergeImageLists", "Merge Image Lists"],
  ["MergeTextLists", "Merge Text Lists"],
  ["Morphology", "ImageMorphology"],
  ["NormalizeImages", "Normalize Images"],
  ["PerpNeg", "Perp-Neg (DEPRECATED by PerpNegGuider)"],
  ["RandomCropImages", "Random Crop Images"],
  ["RecraftImageToImageNode", "Recraft Image to Image"],
  ["RecraftTextToImageNode", "Recraft Text to Image"],
  ["ReferenceTimbreAudio", "Reference Audio"],
  ["ReplaceText", "Replace Text"],
  ["ResizeImagesByShorterEdge", "Resize Images by Shorter Edge"],
  ["RTDETR_detect", "RT-DETR Detect"],
  ["SAM3_VideoTrack", "SAM3 Video Track"],
  ["SaveAudioOpus", "Save Audio (Opus)"],
  ["SaveImageDataSetToFolder", "Save Image Dataset to Folder"],
  ["SaveImageTextDataSetToFolder", "Save Image and Text Dataset to Folder"],
  ["ShuffleDataset", "Shuffle Image Dataset"],
  ["ShuffleImageTextDataset", "Shuffle Image-Text Dataset"],
  ["StripWhitespace", "Strip Whitespace"],
  ["TextToLowercase", "Text to Lowercase"],
  ["TextToUppercase", "Text to Uppercase"],
  ["WanContextWindowsManual", "WAN Context Windows (Manual)"],
]);

/** The title that the editor gives a node of this class; `undefined` for an unknown one. */
export function titleOf(info: NodeInfo | undefined): string | undefined {
  if (info === undefined) return undefined;
  if (OWN_NAME.has(info.name) || OWN_NAME_BY_ANALOGY.has(info.name)) return info.name;
  return EDITOR_NAMES.get(info.name) ?? info.display_name ?? info.name;
}
