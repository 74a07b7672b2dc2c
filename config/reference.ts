import { topics } from './schema.js';
import type { Setting } from './setting.js';

const introduction = `# Settings

<!-- Made from config/ by \`npm run docs\`; a test holds it current. Change the rows there, not this page. -->

Settings come from four places. A later one wins over an earlier one:

1. the defaults below;
2. the settings file, \`/etc/datadog-agent/datadog-cluster.yaml\` or what \`-c\`/\`--cfgpath\` names (a file, or a folder with a
   \`datadog-cluster.yaml\`), with nested keys: \`external_metrics_provider.max_age\` is \`max_age\` under \`external_metrics_provider\`;
3. environment variables;
4. command line options, where there is one.

\`datadog-cluster-agent config\` shows what is in effect and where each value came from, with secrets masked.

- **Nothing starts on a wrong setting.** All problems are reported at once, by name. Values that a later place overrides are
  not judged.
- **Empty is unset**, in every place. White space around a value is dropped.
- **Names.** Where a setting has several names, each works. Two names with different values in the same place are a problem.
- **Unknown names** in the file, and unknown variables that begin like ours (\`DD_EXTERNAL_METRICS\`, \`DD_CLUSTER_AGENT\`,
  \`DD_LEADER\`, \`DD_KUBERNETES_INFORMERS\`), are ignored with a warning.
- **Durations** are seconds as plain numbers (\`90\`, \`0.5\`) or have units (\`90s\`, \`1m30s\`, \`250ms\`, \`1h\`).
- **Lists** are separated by spaces or commas; in the file they may be YAML lists.
- **Proxies.** A \`DD_PROXY_\` variable wins over the plain variable of its kind, and that over the file.
- **Certificates are always verified.** \`skip_ssl_validation\` is not followed; name the file of a private CA in
  \`NODE_EXTRA_CA_CERTS\`.
`;

/** The content of `docs/settings.md`: every setting, by topic. */
export function printSettingsMarkdown(): string {
  const parts = topics().map(([, topic]) => {
    const rows = Object.values(topic.rows).map(settingLines);
    return `## ${topic.title}\n\n${rows.join('\n')}`;
  });
  return [introduction, ...parts].join('\n');
}

function settingLines(setting: Setting<unknown>): string {
  const [name, ...others] = setting.environment;
  const also = [...others, ...(setting.commonEnvironment ?? [])].map(code).join(', ');
  const facts = [
    `Default: ${defaultText(setting)}.`,
    `Expected: ${setting.parser.expected}.`,
    `File: ${setting.yaml.map(code).join(' or ')}.`,
    ...(also === '' ? [] : [`Also read from ${also}.`]),
    ...(setting.flag === undefined
      ? []
      : [`Option: ${code(`--${setting.flag.name} <${setting.flag.argument}>`)}.`]),
    ...(setting.secret === undefined ? [] : ['Secret: shown masked.']),
  ];
  return `### ${name}\n\n${setting.help}\n\n${facts.map((fact) => `- ${fact}`).join('\n')}\n`;
}

function defaultText(setting: Setting<unknown>): string {
  if (setting.defaultNote !== undefined) return setting.defaultNote;
  if (setting.default === undefined) return 'not set';
  if (Array.isArray(setting.default)) return 'empty';
  const unit = setting.parser.unit === undefined ? '' : ` ${setting.parser.unit}`;
  return code(`${setting.default}${unit}`);
}

function code(text: string): string {
  return `\`${text}\``;
}
