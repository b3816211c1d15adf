import { connect } from 'node:net';

/** Sends a request as it stands and gives every byte of the answer, but for the value of Date. */
export function rawRequest(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(request));
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer.replace(/^date: .*$/gim, 'Date: -')));
  });
}

export function requestText(method: string, path: string, body = ''): string {
  const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n${length}\r\n${body}`;
}
