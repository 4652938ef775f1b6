/** Byte ports of Node: serial, TCP, TLS and WebSocket. */
export { serial, type SerialBytePort, type SerialOptions } from "./serial.ts";
export { serialErrors } from "./serial-errors.ts";
export { tcp, type TcpOptions } from "./tcp.ts";
export { tls, type TlsOptions } from "./tls.ts";
export { webSocket, type WebSocketOptions } from "./websocket.ts";
