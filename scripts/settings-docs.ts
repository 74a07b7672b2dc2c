import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printSettingsMarkdown } from '../config/reference.js';

const path = fileURLToPath(new URL('../../docs/settings.md', import.meta.url));
writeFileSync(path, printSettingsMarkdown());
console.log('docs/settings.md is written');
