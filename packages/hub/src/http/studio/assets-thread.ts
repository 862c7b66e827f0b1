/** The thread that looks at input and output files: lists of many of them, and thumbnails. */
import { answerCalls } from "../../assets/threads/answer-calls.ts";
import { listFiles } from "./assets-list.ts";
import { makeThumbnail, pruneThumbnails } from "./thumbnail-make.ts";

answerCalls({ listFiles, makeThumbnail, pruneThumbnails, close: () => undefined });
