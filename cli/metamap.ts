import { type MetadataMap, metadataMapText, parseMetadataMap } from './metadata-map.js';
import { emit, jsonText, type OutputOptions } from './output.js';
import { askReplica, complain, refusalText, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

export interface MetamapOptions extends OutputOptions {
  /** All nodes when left out. */
  readonly node: string | undefined;
}

/**
 * Prints which services lead to which pods, as the Cluster Agent on this machine knows it. Returns the exit code: 1 when it
 * cannot be asked, 2 when it answers with an error.
 */
export async function metamap(
  settings: SettingsOptions,
  options: MetamapOptions,
  wantsColor: boolean,
): Promise<number> {
  const failed = (message: string): number => complain(what, trouble(message), wantsColor);
  const query = options.node === undefined ? '' : `?node=${encodeURIComponent(options.node)}`;
  const answer = await askReplica(settings, `/api/v1/tags/pod${query}`);
  if (!answer.ok) return complain(what, answer.error, wantsColor);
  const map = parseMetadataMap(answer.value.body);
  if (map === undefined) return failed(refusalText(answer.value));
  const written = emit(render(map, options), options.file);
  if (!written.ok) return failed(written.error);
  return map.Errors === undefined ? 0 : 2;
}

const what = 'run the service mapper';

function render(map: MetadataMap, { format }: MetamapOptions): string {
  return format === 'text' ? metadataMapText(map) : jsonText(map, format);
}
