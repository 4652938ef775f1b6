/** Byte ports of Node: TCP, TLS and WebSocket. */
export { tcp, type TcpOptions } from "./tcp.ts";
export { tls, type TlsOptions } from "./tls.ts";
export { webSocket, type WebSocketOptions } from "./websocket.ts";
