import type { Request, Response } from '../http/exchanges.js';
import type { PageFile } from './page-files.js';

/** The page may load and ask its own server only, and run no script that stands in it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** On each answer, whatever it is. */
export function harden(response: Response): void {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
}

export function sendText(response: Response, status: number, text: string): void {
  sendBytes(response, status, { contentType: 'text/plain; charset=utf-8', body: Buffer.from(`${text}\n`) });
}

export function sendJson(response: Response, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  sendBytes(response, 200, { contentType: 'application/json; charset=utf-8', body });
}

/** Compressed where the browser takes that. */
export function sendFile(request: Request, response: Response, status: number, file: PageFile): void {
  const takesZipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (takesZipped) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Vary', 'Accept-Encoding');
  sendBytes(response, status, { contentType: file.contentType, body: takesZipped ? file.zipped : file.body });
}

function sendBytes(
  response: Response,
  status: number,
  content: { readonly contentType: string; readonly body: Buffer },
): void {
  response.statusCode = status;
  response.setHeader('Content-Type', content.contentType);
  response.setHeader('Content-Length', content.body.length);
  // Node leaves the body out by itself where HEAD is asked.
  response.end(content.body);
}

/** The body of a request as text; `undefined` when it is longer than `maxBytes` or breaks off. */
export function readBody(request: Request, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
    });
    request.on('end', () => resolve(bytes <= maxBytes ? Buffer.concat(chunks).toString() : undefined));
    request.on('error', () => resolve(undefined));
    request.on('aborted', () => resolve(undefined));
  });
}
