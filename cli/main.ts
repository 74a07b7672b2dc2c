import { Command } from 'commander';
import { placedSettings } from '../config/schema.js';
import { showConfig } from './config.js';
import type { OutputOptions } from './output.js';
import type { SettingsOptions } from './settings-sources.js';
import { onClosedOutput } from './terminal.js';
import { versionLine } from './version.js';

const program = new Command('datadog-cluster-agent')
  .description(
    'Serves Datadog metrics to Kubernetes autoscalers, and cluster metadata to node agents: an independent implementation of the Datadog Cluster Agent.',
  )
  .option('-c, --cfgpath <path>', 'settings file, or a folder with a datadog-cluster.yaml')
  .option('-n, --no-color', 'no colours in messages')
  .version(versionLine(), '--version', 'print the version');

for (const { setting } of placedSettings()) {
  if (setting.flag !== undefined) {
    program.option(`--${setting.flag.name} <${setting.flag.argument}>`, setting.help);
  }
}

program
  .command('start')
  .description('run the cluster agent until SIGTERM or SIGINT')
  .action(async () => {
    // A service outlives the reader of its log.
    onClosedOutput(() => {});
    // Loaded only here: the service's libraries take longer to load than the other commands to run.
    const { start } = await import('./start.js');
    process.exit(await start(settingsOptions(), wantsColor()));
  });

program
  .command('version')
  .description('print the version')
  .action(() => {
    onClosedOutput(() => process.exit(0));
    process.stdout.write(`${versionLine()}\n`);
  });

program
  .command('config')
  .description('print the effective settings and where each came from; secrets are masked')
  .action(() => {
    onClosedOutput(() => process.exit(0));
    process.exitCode = showConfig(settingsOptions(), wantsColor());
  });

program
  .command('metamap [node]')
  .description(
    'print which services lead to which pods, of one node or of all, as the running Cluster Agent knows it',
  )
  .option('-j, --json', 'as JSON')
  .option('-p, --pretty-json', 'as JSON, indented')
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .action(async (node: string | undefined, given: OutputFlags) => {
    onClosedOutput(() => process.exit(0));
    const { metamap } = await import('./metamap.js');
    process.exitCode = await metamap(settingsOptions(), { node, ...outputOptions(given) }, wantsColor());
  });

program
  .command('status')
  .description('print how the running Cluster Agent is')
  .option('-j, --json', 'as JSON')
  .option('-p, --pretty-json', 'as JSON, indented')
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .action(async (given: OutputFlags) => {
    onClosedOutput(() => process.exit(0));
    const { status } = await import('./status.js');
    process.exitCode = await status(settingsOptions(), outputOptions(given), wantsColor());
  });

program
  .command('health')
  .description('print which parts of the running Cluster Agent are well; the exit code is 1 when one is not')
  .option('-j, --json', 'as JSON')
  .option('-p, --pretty-json', 'as JSON, indented')
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .action(async (given: OutputFlags) => {
    onClosedOutput(() => process.exit(0));
    const { health } = await import('./health.js');
    process.exitCode = await health(settingsOptions(), outputOptions(given), wantsColor());
  });

program
  .command('telemetry')
  .description("print the running Cluster Agent's own metrics, in Prometheus format")
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .action(async (given: OutputFlags) => {
    onClosedOutput(() => process.exit(0));
    const { telemetry } = await import('./telemetry.js');
    process.exitCode = await telemetry(settingsOptions(), { file: given.file }, wantsColor());
  });

program
  .command('explain <namespace/hpa>')
  .description(
    'show the whole road of each external metric of an HPA, from its spec to its replicas, with a verdict and the remedy',
  )
  .option('-j, --json', 'as JSON')
  .option('-p, --pretty-json', 'as JSON, indented')
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .option('-q, --query', 'ask Datadog again now, which counts against its rate limit')
  .action(async (hpa: string, given: ExplainFlags) => {
    onClosedOutput(() => process.exit(0));
    const { explain } = await import('./explain.js');
    const options = { hpa, ...outputOptions(given), asksDatadog: given.query === true };
    process.exitCode = await explain(settingsOptions(), options, wantsColor());
  });

program
  .command('launch-gui')
  .description('print an address that opens the page of the running Cluster Agent in a browser, once')
  .option('--port <port>', "the port of the port-forward, where that is not the page's own")
  .action(async ({ port }: { readonly port?: string }) => {
    onClosedOutput(() => process.exit(0));
    const { launchGui } = await import('./launch-gui.js');
    process.exitCode = await launchGui(settingsOptions(), { port }, wantsColor());
  });

program
  .command('check')
  .description(
    'look whether all is there that this Cluster Agent needs, before installing it or after; the exit code is 1 when something is missing',
  )
  .option(
    '--as <account>',
    'look at the rights of this service account (namespace/name) or user, not at our own',
  )
  .option('-j, --json', 'as JSON')
  .option('-p, --pretty-json', 'as JSON, indented')
  .option('-o, --file <path>', 'write to a file in place of standard output')
  .action(async (given: OutputFlags & { readonly as?: string }) => {
    onClosedOutput(() => process.exit(0));
    const { check } = await import('./check.js');
    process.exitCode = await check(
      settingsOptions(),
      { ...outputOptions(given), as: given.as },
      wantsColor(),
    );
  });

program
  .command('flare [caseID]')
  .description('make an archive without secrets that shows how this Cluster Agent is, and send it to Datadog')
  .option('-e, --email <address>', 'your email address, by which support answers')
  .option('-s, --send', 'send without asking')
  .option('-l, --local', 'leave it on disk, and send nothing')
  .option(
    '-o, --output <path>',
    'where to write it, - for standard output; in the temporary folder when left out',
  )
  .action(async (caseId: string | undefined, given: FlareFlags) => {
    onClosedOutput(() => process.exit(0));
    const { flare } = await import('./flare.js');
    const { email, send = false, local = false, output } = given;
    process.exitCode = await flare(settingsOptions(), { caseId, email, send, local, output });
  });

await program.parseAsync();

interface ExplainFlags extends OutputFlags {
  readonly query?: boolean;
}

interface FlareFlags {
  readonly email?: string;
  readonly send?: boolean;
  readonly local?: boolean;
  readonly output?: string;
}

interface OutputFlags {
  readonly json?: boolean;
  readonly prettyJson?: boolean;
  readonly file?: string;
}

function outputOptions({ json, prettyJson, file }: OutputFlags): OutputOptions {
  return { format: prettyJson === true ? 'pretty-json' : json === true ? 'json' : 'text', file };
}

function settingsOptions(): SettingsOptions {
  const given = program.opts<Readonly<Record<string, unknown>>>();
  const texts = program.options.flatMap((option): [string, string][] => {
    const value = given[option.attributeName()];
    return typeof value === 'string' ? [[option.name(), value]] : [];
  });
  const { cfgpath, ...flags } = Object.fromEntries(texts);
  return cfgpath === undefined ? { flags } : { cfgpath, flags };
}

function wantsColor(): boolean {
  return program.opts<{ readonly color?: boolean }>().color !== false;
}
