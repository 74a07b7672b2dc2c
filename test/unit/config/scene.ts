import { type Config, loadConfig } from '../../../config/load.js';
import { type Problem, problemText } from '../../../config/problem.js';
import type { Sources } from '../../../config/resolve.js';

export const apiKey = '0123456789abcdef0123456789abcdef';
export const appKey = '0123456789abcdef0123456789abcdef01234567';

/** What a scene sets; `yaml` is the text of a settings file. */
export interface Scene {
  readonly yaml?: string;
  readonly environment?: Sources['environment'];
  readonly flags?: Sources['flags'];
  readonly surroundings?: Exclude<Sources['surroundings'], undefined>;
}

export function sourcesOf(scene: Scene): Sources {
  return {
    ...(scene.yaml === undefined ? {} : { file: { path: 'settings.yaml', text: scene.yaml } }),
    environment: scene.environment ?? {},
    flags: scene.flags ?? {},
    ...(scene.surroundings === undefined ? {} : { surroundings: scene.surroundings }),
  };
}

/** The configuration of a scene that must be right. */
export function load(scene: Scene): Config {
  const loaded = loadConfig(sourcesOf(scene));
  if (!loaded.ok) throw new Error(texts(loaded.error).join('\n'));
  return loaded.value;
}

/** The problems of a scene that must be wrong, one text each, with the severity before it. */
export function problemsOf(scene: Scene): readonly string[] {
  const loaded = loadConfig(sourcesOf(scene));
  if (loaded.ok) throw new Error('expected problems, got a configuration');
  return texts(loaded.error);
}

export function texts(problems: readonly Problem[]): readonly string[] {
  return problems.map((problem) => `${problem.severity}: ${problemText(problem)}`);
}

/** The warnings of a scene that is otherwise right. */
export function warningsOf(scene: Scene): readonly string[] {
  return texts(load(scene).warnings);
}
