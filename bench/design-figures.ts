/** What the design measured of ComfyUI 0.33 on two quiet cores, and its targets, by the name of the figure. */
export interface DesignFigure {
  readonly comfy?: string;
  readonly target?: string;
}

const ATLEAST_TORCH = "≥ 1× torch";

export const DESIGN: Readonly<Record<string, DesignFigure>> = {
  "start to first answer, new directory": { comfy: "4.1 s", target: "≤ 0.6 s" },
  "start to first answer, used directory (--jobs kept)": { comfy: "4.1 s", target: "≤ 0.6 s" },
  "processor time to first answer": { comfy: "4.2 s", target: "≤ 1/8" },
  "idle memory, all processes (RSS)": { comfy: "493 MB", target: "≤ 1/2" },
  "latency p50": { comfy: "2.2 ms", target: "≤ 1×, then 0.6×" },
  "latency p99": { comfy: "3.4 ms", target: "≤ 1×" },
  "prompts finished": { comfy: "475/s", target: "≥ 2×, then 3×" },
  "prompts accepted": { comfy: "3,700/s" },
  "/object_info": { comfy: "11/s", target: "≥ 50×" },
  "/queue (empty)": { comfy: "22,500/s" },
  "/api/jobs": { comfy: "31/s (2,000 jobs)", target: "≥ 50×" },
  "/api/jobs?limit=100": { comfy: "50/s", target: "≥ 50×" },
  "/history?max_items=64": { comfy: "1,280/s", target: "≥ 3×" },
  "/history?max_items=64, one by one, p50": { target: "≤ 5 ms with 100,000 jobs" },
  "/system_stats": { comfy: "3,700/s" },
  "one status to 300 sockets, p50": { comfy: "10 ms" },
  "one status to 1000 sockets, p50": { target: "≤ 35 ms" },
  "2048² lanczos to half": { comfy: "56 ms", target: ATLEAST_TORCH },
  "2048² bicubic to half": { comfy: "18 ms", target: ATLEAST_TORCH },
  "2048² area to half": { comfy: "18 ms", target: ATLEAST_TORCH },
  "2048² nearest-exact to half": { target: ATLEAST_TORCH },
  "2048² bilinear to half": { target: ATLEAST_TORCH },
  "2048² lanczos to 3072²": { comfy: "183 ms", target: ATLEAST_TORCH },
  "2048² bicubic to 3072²": { comfy: "160 ms", target: ATLEAST_TORCH },
  "2048² blur r=10": { comfy: "340 ms", target: ATLEAST_TORCH },
  "2048² composite with mask": { comfy: "118 ms", target: ATLEAST_TORCH },
  "2048² PNG save": { comfy: "690 ms", target: "≥ 2× as fast" },
  "2048² PNG load": { comfy: "144 ms", target: ATLEAST_TORCH },
  "memory growth, all processes (RSS)": { comfy: "20 MB over 5,000 jobs", target: "hub flat" },
  "memory growth, hub (RSS)": { target: "flat" },
};
