// A graphile-worker process. The settings are those of its own performance test; see bench/README.md.
const { run, runMigrations } = require("graphile-worker");
const { Logger } = require("@graphile/logger");
const report = require("./report.js");

const concurrentJobs = 24;

const preset = {
  worker: {
    connectionString: process.env.BENCH_DSN,
    concurrentJobs,
    maxPoolSize: concurrentJobs + 1,
    localQueue: { size: 500, refetchDelay: { durationMs: 10 } },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
    // As in that test (NO_LOG_SUCCESS): nothing is logged per job.
    logger: new Logger(() => () => {}),
  },
};

const taskList = {
  noop: async () => report.count(),
  latency: async ({ id }) => report.started(id),
};

async function main() {
  if (process.argv[2] === "migrate") return runMigrations({ preset });
  await report.go();
  const runner = await run({ preset, taskList });
  await runner.promise;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
