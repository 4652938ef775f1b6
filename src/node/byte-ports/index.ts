/** Byte ports of Node: serial, TCP, TLS and WebSocket. */
export { parseLine } from "./line.ts";
export { serial, type SerialBytePort, type SerialOptions } from "./serial.ts";
export { serialErrors } from "./serial-errors.ts";
export { tcpListener } from "./tcp-listener.ts";
export { tcp, type TcpOptions } from "./tcp.ts";
export { tls, type TlsOptions } from "./tls.ts";
export { webSocket, type WebSocketOptions } from "./websocket.ts";
