/** A file that cannot be read, or carries no workflow. The message says what is wrong and at which byte. */
export class MediaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MediaError";
  }
}
