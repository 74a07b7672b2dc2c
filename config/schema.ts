import { datadogSettings, proxySettings } from './datadog-settings.js';
import { eventsSettings } from './events-settings.js';
import { externalMetricsSettings } from './external-metrics-settings.js';
import { certificateSettings, kubernetesSettings, leaderElectionSettings } from './kubernetes-settings.js';
import { clusterAgentSettings, processSettings } from './process-settings.js';
import type { Setting, Topic } from './setting.js';

/** All settings, by topic, in the order of the documentation. */
export const schema = {
  datadog: datadogSettings,
  externalMetrics: externalMetricsSettings,
  certificate: certificateSettings,
  leaderElection: leaderElectionSettings,
  kubernetes: kubernetesSettings,
  proxy: proxySettings,
  process: processSettings,
  clusterAgent: clusterAgentSettings,
  events: eventsSettings,
} as const;

type Schema = typeof schema;
type TypeOf<Row> = Row extends Setting<infer T> ? T : never;

/** The value of every setting, in the shape of the schema. */
export type Values = {
  readonly [Section in keyof Schema]: {
    readonly [Name in keyof Schema[Section]['rows']]: TypeOf<Schema[Section]['rows'][Name]>;
  };
};

/** `externalMetrics.maxAgeSeconds`: where a setting's value is found in the configuration. */
export type SettingPath = {
  [Section in keyof Schema]: `${Section}.${Extract<keyof Schema[Section]['rows'], string>}`;
}[keyof Schema];

/** A setting and its place in the configuration. */
export interface PlacedSetting {
  readonly section: string;
  readonly name: string;
  readonly path: string;
  readonly setting: Setting<unknown>;
}

/** The topics by the name of their section, in order, for code that treats all settings alike. */
export function topics(): readonly (readonly [section: string, topic: AnyTopic])[] {
  return Object.entries<AnyTopic>(schema);
}

type AnyTopic = Topic<Readonly<Record<string, Setting<unknown>>>>;

/** Every setting with its place, in the order of the schema. */
export function placedSettings(): readonly PlacedSetting[] {
  return topics().flatMap(([section, topic]) =>
    Object.entries(topic.rows).map(([name, setting]) => ({
      section,
      name,
      path: `${section}.${name}`,
      setting,
    })),
  );
}
