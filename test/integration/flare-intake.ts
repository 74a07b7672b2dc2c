import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One upload as it arrived. */
export interface Upload {
  readonly url: string;
  readonly key: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly fileName: string;
  readonly file: Buffer;
}

/** A stand-in for the intake of flares, which answers what the test orders. */
export class FlareIntake {
  readonly uploads: Upload[] = [];
  readonly requests: string[] = [];
  /** Every key that came with a request that is no upload. */
  readonly strayKeys: string[] = [];
  answer: { readonly status: number; readonly body: string } = {
    status: 200,
    body: '{"case_id":4711,"error":""}',
  };
  redirect: string | undefined;
  readonly #server: Server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = '', url = '' } = request;
      this.requests.push(`${method} ${url}`);
      if (method === 'HEAD') {
        if (request.headers['dd-api-key'] !== undefined)
          this.strayKeys.push(String(request.headers['dd-api-key']));
        const isLed = this.redirect !== undefined && !url.includes('moved');
        response.writeHead(isLed ? 307 : 404, isLed ? { location: this.redirect } : {}).end();
        return;
      }
      if (method !== 'POST') {
        response.writeHead(404).end();
        return;
      }
      this.uploads.push(parse(request, body));
      response.writeHead(this.answer.status, { 'content-type': 'application/json' }).end(this.answer.body);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** By RFC 7578, byte by byte. */
function parse(request: IncomingMessage, body: Buffer): Upload {
  const boundary = /^multipart\/form-data; boundary="?([^"]+)"?$/.exec(
    request.headers['content-type'] ?? '',
  )?.[1];
  if (boundary === undefined) throw new Error(`no multipart: ${request.headers['content-type']}`);
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  const fields: Record<string, string> = {};
  let fileName = '';
  let file = Buffer.alloc(0);
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n');
    const head = part.slice(0, end);
    const content = part.slice(end + 4, -2);
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? '';
    const given = /filename="([^"]*)"/.exec(head)?.[1];
    if (given === undefined) fields[name] = content;
    else if (name === 'flare_file') [fileName, file] = [given, Buffer.from(content, 'latin1')];
  }
  return { url: request.url ?? '', key: request.headers['dd-api-key']?.toString(), fields, fileName, file };
}
