/** The environment variables that Studio shows, in their groups. */

export interface Variable {
  readonly key: string;
  readonly description: string;
  /** what holds when it is not set; "" when nothing does */
  readonly default: string;
  readonly sensitive: boolean;
  /** may be changed while the server runs */
  readonly editable: boolean;
}

export interface VariableGroup {
  readonly id: string;
  readonly label: string;
  readonly variables: readonly Variable[];
  /** shown on a machine of RunPod alone */
  readonly runpodOnly?: boolean;
}

type Marks = Partial<Pick<Variable, "default" | "sensitive" | "editable">>;

function variable(key: string, description: string, marks: Marks = {}): Variable {
  return { key, description, default: "", sensitive: false, editable: false, ...marks };
}

const TOKEN: Marks = { sensitive: true, editable: true };

export const GROUPS: readonly VariableGroup[] = [
  {
    id: "auth",
    label: "Authentication & API Tokens",
    variables: [
      variable("API_KEY", "Web UI password and X-API-Key header", { ...TOKEN, default: "changeme" }),
      variable("CIVITAI_API_KEY", "Token for downloads and metadata from CivitAI", TOKEN),
      variable("HF_TOKEN", "Token for downloads from Hugging Face", TOKEN),
      variable("TELEGRAM_BOT_TOKEN", "Token of the Telegram bot", TOKEN),
      variable("TELEGRAM_BOT_NAME", "Display name of the Telegram bot", { editable: true }),
    ],
  },
  {
    id: "configurable",
    label: "Configurable",
    variables: [
      variable("STUDIO_DIR", "Folder of the database, catalogues, workflows and presets"),
      variable("STUDIO_TZ", "Time zone of the times that Studio prints", { default: "Europe/Rome" }),
      variable("MAX_CONCURRENT_DOWNLOADS", "Downloads at the same time, until the setting says otherwise", {
        default: "3",
      }),
      variable("HEARTH_HOME", "Base directory of `hearth` where no flag names one"),
    ],
  },
  {
    id: "readonly",
    label: "Read-only",
    variables: [
      variable("HOSTING", "Where this server runs; found out by itself on RunPod"),
      variable("RUNTIME_VERSION", "Version of the image that this server runs in; updates ask for it", {
        default: "0",
      }),
      variable("REPO_URL", "Git repository that updates come from; without it there are none"),
      variable("REPO_BRANCH", "Branch that updates come from", { default: "main" }),
      variable("DEV_MODE", "Set while Hearth itself is worked on"),
    ],
  },
  {
    id: "runpod",
    label: "RunPod",
    runpodOnly: true,
    variables: [
      variable("RUNPOD_API_KEY", "Key of RunPod's API, for the size of the volume", { sensitive: true }),
      variable("RUNPOD_POD_ID", "Id of this pod"),
      variable("RUNPOD_DC_ID", "Data centre of this pod"),
      variable("RUNPOD_VOLUME_ID", "Id of the network volume"),
      variable("RUNPOD_API_ROOT", "Where RunPod's API is", { default: "https://rest.runpod.io/v1" }),
    ],
  },
];
