/** An answer before it goes out. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export function json(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

export function html(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/html' }, body };
}

/** `{"errors": […]}`, which is how Datadog refuses. */
export function refuse(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return json(status, JSON.stringify({ errors: [error] }), headers);
}

/** The page of the proxy in front of the real service. */
export function proxyPage(status: number, title: string): Reply {
  const heading = `${status} ${title}`;
  return html(
    status,
    `<html>\r\n<head><title>${heading}</title></head>\r\n<body>\r\n<center><h1>${heading}</h1></center>\r\n</body>\r\n</html>\r\n`,
  );
}
