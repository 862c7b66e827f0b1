/** The `hearth` command. */
import net from "node:net";
import { VERSION } from "./version.ts";

const HELP = `hearth ${VERSION}: a server for ComfyUI workflows

  hearth serve [flags]          start the server and print its URLs
  hearth worker --hub URL --token T [--comfyui URL]
                                join a server on another machine
  hearth run FILE [--server URL] [flags]
                                run one prompt (API format); without a server, on a private engine
  hearth demo                   run a workflow from end to end and show the picture
  hearth convert FILE [--object-info FILE | --server URL]
                                print the prompt of a workflow, also of one inside a picture or video
  hearth doctor [flags] [--json]  say what is wrong with this set-up, and what to do about it
  hearth keys list | create NAME --scopes read,run,admin,worker | revoke ID
                                keys of a running server, each with what it may do
  hearth help                   this text

Flags are ComfyUI's own (--port, --listen, --base-directory, …) and:
  --custom-nodes-directory DIR  a folder of node packs (repeatable)
  --allow-anonymous             no key needed on addresses beyond this machine
  --comfyui URL                 a ComfyUI that runs jobs too (repeatable)
  --comfyui-command CMD         starts that ComfyUI where it does not run (one for each --comfyui)
  --no-native                   without the engine of this project
  --prefer-native WHAT          which jobs it takes before ComfyUIs: modelless (default), always, never
  --free-idle-after SECONDS     idle workers free their memory then; default 600, 0: never
  --restart-policy keep|stall   what becomes of queued jobs when the server was stopped
`;

/** A starter that dies, however it dies, closes this pipe: then nobody is left to stop this process. */
function endWithStarter(): void {
  if (process.env["HEARTH_STARTER_PIPE"] !== "3") return;
  const pipe = new net.Socket({ fd: 3 });
  const end = (): never => process.exit(1);
  pipe.on("error", end);
  pipe.on("close", end);
  pipe.resume();
  pipe.unref();
}

/** Each command loads what it needs itself: a server need not load the others, nor they a server. */
async function main(argv: readonly string[]): Promise<number> {
  const [command = "help", ...rest] = argv;
  switch (command) {
    case "serve":
      return (await import("./serve.ts")).serve(rest);
    case "worker":
      return (await import("./worker/worker-command.ts")).workerCommand(rest);
    case "run":
      return (await import("./run.ts")).run(rest);
    case "convert":
      return (await import("./convert/index.ts")).convertCommand(rest);
    case "keys":
      return (await import("./keys/index.ts")).keysCommand(rest);
    case "doctor":
      return (await import("./doctor/doctor.ts")).doctor(rest);
    case "demo":
      return (await import("./demo.ts")).demo();
    case "version":
    case "--version":
      console.log(VERSION);
      return 0;
    case "help":
    case "--help":
    case "-h":
      console.log(HELP);
      return 0;
    default:
      // A launcher written for `main.py` gives flags only.
      if (command.startsWith("-")) return (await import("./serve.ts")).serve(argv);
      console.error(`hearth: there is no command '${command}'; 'hearth help' lists them`);
      return 2;
  }
}

endWithStarter();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`hearth: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
