/** A language server in a process of its own, spoken to as an editor does: JSON-RPC over stdin and stdout. */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';

interface Message {
  id?: number;
  method?: string;
  params?: { items?: unknown[]; uri?: string; diagnostics?: unknown[] };
  result?: unknown;
  error?: { message: string };
}

export interface Position {
  line: number;
  character: number;
}

export interface Editor {
  /** Opens a text under a path that need not exist. */
  open(path: string, text: string): void;
  completion(path: string, position: Position): Promise<{ label: string; documentation?: unknown }[]>;
  hover(path: string, position: Position): Promise<string>;
  /** What the server marks in the file, once it has looked. */
  diagnostics(path: string): Promise<{ message: string; range: { start: Position } }[]>;
  close(): void;
}

/** What an editor's settings would say; no schema is fetched from anywhere. */
const settings = { yaml: { validate: true, hover: true, completion: true, schemaStore: { enable: false, url: '' }, schemas: {} } };

export async function startYamlServer(folder: string): Promise<Editor> {
  const server = spawn(process.execPath, ['node_modules/yaml-language-server/bin/yaml-language-server', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, (message: Message) => void>();
  const marked = new Map<string, unknown[]>();
  let lastId = 0;

  const send = (message: object): void => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const request = <T>(method: string, params: unknown): Promise<T> => {
    const id = ++lastId;
    send({ id, method, params });
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result as T)));
    });
  };
  readMessages(server.stdout, (message) => {
    if (message.id !== undefined && message.method === undefined) waiting.get(message.id)?.(message);
    else if (message.method === 'workspace/configuration') send({ id: message.id, result: message.params!.items!.map(() => settings.yaml) });
    else if (message.method === 'textDocument/publishDiagnostics') marked.set(message.params!.uri!, message.params!.diagnostics!);
    else if (message.id !== undefined) send({ id: message.id, result: null });
  });

  await request('initialize', {
    processId: process.pid,
    rootUri: uri(folder),
    capabilities: {
      workspace: { configuration: true },
      textDocument: { completion: { completionItem: { documentationFormat: ['markdown'] } }, hover: { contentFormat: ['markdown'] } },
    },
  });
  send({ method: 'initialized', params: {} });
  send({ method: 'workspace/didChangeConfiguration', params: { settings } });

  return {
    open: (path, text) => send({ method: 'textDocument/didOpen', params: { textDocument: { uri: uri(path), languageId: 'yaml', version: 1, text } } }),
    async completion(path, position) {
      const list = await request<{ items: { label: string }[] }>('textDocument/completion', { textDocument: { uri: uri(path) }, position });
      return list.items;
    },
    async hover(path, position) {
      const hover = await request<{ contents: { value: string } } | null>('textDocument/hover', { textDocument: { uri: uri(path) }, position });
      return hover?.contents.value ?? '';
    },
    async diagnostics(path) {
      while (!marked.has(uri(path))) await new Promise((resolve) => setTimeout(resolve, 20));
      return marked.get(uri(path)) as { message: string; range: { start: Position } }[];
    },
    close: () => void server.kill(),
  };
}

function uri(path: string): string {
  return pathToFileURL(path).href;
}

/** `Content-Length: N`, an empty line, N bytes of JSON, again and again. */
function readMessages(stream: NodeJS.ReadableStream, receive: (message: Message) => void): void {
  let buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const headerEnd = buffer.indexOf('\r\n\r\n');
      if (headerEnd < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(buffer.subarray(0, headerEnd).toString())![1]);
      const end = headerEnd + 4 + length;
      if (buffer.length < end) return;
      const body = buffer.subarray(headerEnd + 4, end).toString();
      buffer = buffer.subarray(end);
      receive(JSON.parse(body));
    }
  });
}
