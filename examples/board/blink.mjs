/** Says each second, at `PREFIX/led`, what an LED would show. */
export function start(board, { led }) {
  board.log("blink").info(`blinking ${led}`);
  let isOn = false;
  const blink = () => {
    isOn = !isOn;
    // While the broker is away there is nobody to tell.
    if (board.client.connected)
      board.client.publish(`${board.prefix}/led`, isOn ? led : "off").catch(() => {});
    board.clock.setTimer(1000, blink);
  };
  blink();
}
