// What a worker under measurement tells the harness, as lines on standard output (see bench/workers.py).
const { createInterface } = require("node:readline");

let handled = 0;
let told = 0;

function tell(...words) {
  process.stdout.write(`BENCH ${words.join(" ")}\n`);
}

/** A drained job: only counted, and the count is told every 20 ms. */
exports.count = () => {
  handled++;
};

/** A job whose start matters: told at once. The clock is the machine's monotonic one, as in Python. */
exports.started = (id) => tell("started", id, process.hrtime.bigint());

setInterval(() => {
  if (handled !== told) tell("handled", (told = handled));
}, 20).unref();

/** Resolves when the harness says so: all processes are loaded, none has begun. */
exports.go = () =>
  new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    lines.once("line", resolve);
    tell("ready");
  });
