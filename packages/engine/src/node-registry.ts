/** The node classes that this process can run. */
import type { NodeClassAnnouncement } from "@hearth/protocol";
import type { NodeClass } from "./node-class.ts";

export class NodeRegistry {
  readonly #classes = new Map<string, NodeClass>();
  readonly #builtin = new Set<string>();

  /**
   * Adds a class. A class of a pack says so in its `python_module`. A pack never replaces a built-in class, but
   * replaces one of an earlier pack, as in ComfyUI.
   * @returns false when the name belongs to a built-in class and the pack's is left out
   */
  add(cls: NodeClass, packName?: string): boolean {
    if (packName === undefined) {
      this.#builtin.add(cls.name);
      this.#classes.set(cls.name, cls);
      return true;
    }
    if (this.#builtin.has(cls.name)) return false;
    this.#classes.set(cls.name, { ...cls, info: { ...cls.info, python_module: `custom_nodes.${packName}` } });
    return true;
  }

  get(name: string): NodeClass | undefined {
    return this.#classes.get(name);
  }

  /** In the order of registration. */
  all(): NodeClass[] {
    return [...this.#classes.values()];
  }

  /** What the hub is told of the classes. */
  announcements(): NodeClassAnnouncement[] {
    return this.all().map((cls) => ({
      info: cls.info,
      ...(cls.lists.length > 0 ? { lists: cls.lists } : {}),
      ...(cls.validate !== undefined && cls.validates !== undefined ? { validates: cls.validates } : {}),
      ...(cls.validatesTypes === undefined ? {} : { validatesTypes: cls.validatesTypes }),
    }));
  }
}
