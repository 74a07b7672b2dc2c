import type { Secrecy } from './setting.js';

const hidden = '********';

/** A secret value as it may be shown. A short `tail` secret is hidden whole, since five characters would be much of it. */
export function mask(value: string, secrecy: Secrecy): string {
  switch (secrecy) {
    case 'whole':
      return hidden;
    case 'tail':
      return value.length >= 20 ? `${hidden}${value.slice(-5)}` : hidden;
    case 'credentials':
      return value.replace(/^([a-z]+:\/\/)[^@/]*@/, `$1${hidden}@`);
  }
}

/** The parts of a secret value that must appear nowhere: the value itself, or the user name and password of a URL. */
export function secretParts(value: string, secrecy: Secrecy): readonly string[] {
  if (secrecy !== 'credentials') return [value];
  const url = new URL(value);
  return [url.password, safelyDecoded(url.password)].filter((part) => part !== '');
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is not ours to judge; the raw spelling is hidden all the same.
    return text;
  }
}
