/** Shows how far something is, on the error stream: in place on a terminal, else a line for each step. */
export interface Progress {
  /** @param done how much of `total` is done, where that is known */
  show(step: string, done?: number, total?: number): void;
  /** Ends the line, where one is open. */
  end(): void;
}

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let current = "";
  let isOpen = false;
  return {
    show(step, done, total) {
      if (!stream.isTTY) {
        if (step !== current) stream.write(`${step}\n`);
        current = step;
        return;
      }
      if (isOpen && step !== current) stream.write("\n");
      const share = done === undefined || !total ? "" : ` ${Math.round((done / total) * 100)} %`;
      stream.write(`\r${step}${share}`);
      current = step;
      isOpen = true;
    },
    end() {
      if (isOpen) stream.write("\n");
      isOpen = false;
    },
  };
}
