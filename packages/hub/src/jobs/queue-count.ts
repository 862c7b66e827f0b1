/** How many jobs wait and run, kept beside the database so that `status` costs nothing. */
export class QueueCount {
  pending: number;
  running: number;

  constructor(pending: number, running: number) {
    this.pending = pending;
    this.running = running;
  }

  get remaining(): number {
    return this.pending + this.running;
  }

  queued(): void {
    this.pending += 1;
  }
  removed(count: number): void {
    this.pending -= count;
  }
  started(): void {
    this.pending -= 1;
    this.running += 1;
  }
  ended(): void {
    this.running -= 1;
  }
  requeued(): void {
    this.running -= 1;
    this.pending += 1;
  }
}
