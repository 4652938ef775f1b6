import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { createMicroPythonWorld, type MicroPythonWorld } from "./world.ts";

/** What every script here that uses the radio begins with. */
const radioOn = `
import espnow, json, machine, network, time
sta = network.WLAN(network.STA_IF)
sta.active(True)
e = espnow.ESPNow()
e.active(True)
peer = b"\\x02\\x00\\x00\\x00\\xbb\\x01"
e.add_peer(peer)
`;
const peerAddress = "02000000bb01";

/** A radio at the peer's address that collects what it hears. */
function joinPeer(world: MicroPythonWorld) {
  const radio = world.air.join({ address: peerAddress });
  const heard: string[] = [];
  radio.listen(({ bytes }) => heard.push(new TextDecoder().decode(bytes)));
  return { radio, heard };
}

describe("a MicroPython board's time", () => {
  it("passes while the script sleeps, and only then", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      import time
      start = time.ticks_ms()
      time.sleep(2.5)
      middle = time.ticks_ms()
      time.sleep_ms(500)
      for _ in range(10000): pass
      print(start, middle, time.ticks_ms(), time.localtime()[:6])
    `);
    await world.clock.advance(10_000);
    expect(node.lines).toEqual(["0 2500 3000 (2000, 1, 1, 0, 0, 3)"]);
  });

  it("passes in a loop that looks at the clock until it is late enough", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      from time import ticks_add, ticks_diff, ticks_ms
      end = ticks_add(ticks_ms(), 50)
      while ticks_diff(end, ticks_ms()) > 0:
          pass
      print("done")
    `);
    await world.clock.advance(149);
    expect(node.output).toBe("");
    await world.clock.advance(2);
    expect(node.lines).toEqual(["done"]);
  });

  it("wraps its ticks at 2**30", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      from time import sleep, ticks_diff, ticks_ms
      before = ticks_ms()
      sleep(2**30 // 1000 - 1)
      middle = ticks_ms()
      sleep(3)
      print(middle > 2**29, ticks_ms() < 5000, ticks_diff(ticks_ms(), middle))
    `);
    await world.clock.advance(13 * 24 * 3_600_000);
    expect(node.lines).toEqual(["True True 3000"]);
  });
});

describe("a MicroPython board's ESP-NOW", () => {
  it("waits in recv for as long as it is told", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`${radioOn}
start = time.ticks_ms()
print(e.recv(200), time.ticks_ms() - start)
print(e.recv(0), e.any())
    `);
    await world.clock.advance(299);
    expect(node.output).toBe("");
    await world.clock.advance(1);
    expect(node.lines).toEqual(["(None, None) 200", "(None, None) False"]);
  });

  it("wakes recv at the moment at which a frame comes", async () => {
    await using world = createMicroPythonWorld();
    const { radio } = joinPeer(world);
    const node = world.run(`${radioOn}
mac, message = e.recv()
print(mac, message, time.ticks_ms())
print(e.peers_table[mac][0])
    `);
    world.clock.setTimer(1100, () => void radio.send(node.address, Uint8Array.of(0, 255, 104, 105)));
    await world.clock.advance(2000);
    expect(node.lines).toEqual([`b'\\x02\\x00\\x00\\x00\\xbb\\x01' b'\\x00\\xffhi' 1000`, "-40"]);
  });

  it("says by send whether anybody acknowledged", async () => {
    await using world = createMicroPythonWorld();
    const { radio, heard } = joinPeer(world);
    const node = world.run(`${radioOn}
print(e.send(peer, "one"))
time.sleep(1)
print(e.send(peer, b"two"), e.send(peer, b"three", False))
print(e.stats())
    `);
    await world.clock.advance(500);
    radio.sleep();
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["True", "False True", "(3, 3, 1, 0, 0)"]);
    expect(heard).toEqual(["one"]);
  });

  it("raises what ESP-IDF would", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      import espnow, network
      def attempt(call, *args):
          try:
              print(call(*args))
          except (OSError, ValueError, TypeError) as error:
              print(type(error).__name__, error.args[-1])
      e = espnow.ESPNow()
      mac = b"\\xbb" * 6
      attempt(e.send, mac, "x")
      attempt(e.recv, 0)
      e.active(True)
      attempt(e.send, mac, "x")
      attempt(e.del_peer, mac)
      attempt(e.add_peer, b"short")
      e.add_peer(mac)
      attempt(e.add_peer, mac)
      attempt(e.send, mac, "x")
      network.WLAN(network.STA_IF).active(True)
      attempt(e.send, mac, "x" * 251)
      attempt(e.send, mac, "")
      attempt(e.send, mac, "x" * 250)
      for number in range(19):
          e.add_peer(bytes([2, 0, 0, 0, 0, number]))
      attempt(e.add_peer, b"\\xcc" * 6)
      print(e.peer_count(), len(e.get_peers()))
    `);
    await world.clock.advance(1000);
    expect(node.lines).toEqual([
      "OSError ESP_ERR_ESPNOW_NOT_INIT",
      "OSError ESP_ERR_ESPNOW_NOT_INIT",
      "OSError ESP_ERR_ESPNOW_NOT_FOUND",
      "OSError ESP_ERR_ESPNOW_NOT_FOUND",
      "ValueError invalid buffer length",
      "OSError ESP_ERR_ESPNOW_EXIST",
      "OSError ESP_ERR_ESPNOW_IF",
      "ValueError message is longer than 250 bytes",
      "OSError ESP_ERR_ESPNOW_ARG",
      "False",
      "OSError ESP_ERR_ESPNOW_FULL",
      "(20, 0) 20",
    ]);
  });

  it("keeps frames while the script is busy, drops what its buffer does not hold, and still acknowledges", async () => {
    await using world = createMicroPythonWorld();
    const { radio } = joinPeer(world);
    const node = world.run(`${radioOn}
time.sleep(1)
for mac, message in e:
    if mac is None:
        break
    print(len(message))
    e.config(timeout_ms=0)
print(e.stats()[3:])
    `);
    await world.clock.advance(500);
    for (const length of [250, 250, 10]) {
      const acknowledged = radio.send(node.address, new Uint8Array(length));
      await expect(world.clock.runUntil(acknowledged)).resolves.toBe(true);
    }
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["250", "250", "(2, 1)"]);
  });

  it("hears and is heard only on its channel", async () => {
    await using world = createMicroPythonWorld();
    const { radio, heard } = joinPeer(world);
    await radio.setChannel(6);
    const node = world.run(`${radioOn}
for channel in (1, 6):
    sta.config(channel=channel)
    print(sta.config("channel"), e.send(peer, "hello"))
    `);
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["1 False", "6 True"]);
    expect(heard).toEqual(["hello"]);
  });

  it("is heard by all on broadcast", async () => {
    await using world = createMicroPythonWorld();
    const { heard } = joinPeer(world);
    const node = world.run(`${radioOn}
e.add_peer(b"\\xff" * 6)
print(e.send(b"\\xff" * 6, "all"))
    `);
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["True"]);
    expect(heard).toEqual(["all"]);
  });
});

describe("a MicroPython board's WiFi", () => {
  const code = `
import network, time
sta = network.WLAN(network.STA_IF)
sta.active(True)
sta.connect("house", "secret")
for _ in range(50):
    if sta.isconnected():
        break
    time.sleep_ms(100)
print(sta.isconnected(), sta.status(), sta.config("channel"))
`;

  it("never connects where there is no access point", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(code);
    await world.clock.advance(10_000);
    expect(node.lines).toEqual(["False 201 1"]);
  });

  it("follows an access point to its channel", async () => {
    await using world = createMicroPythonWorld({
      accessPoint: { ssid: "house", password: "secret", channel: 11 },
    });
    const node = world.run(code);
    await world.clock.advance(10_000);
    expect(node.lines).toEqual(["True 1010 11"]);
  });
});

describe("a MicroPython board's deep sleep", () => {
  it("ends the script, whatever stands around it, and starts it anew with RTC memory and files kept", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      import machine
      from machine import RTC
      count = int(RTC().memory() or b"0") + 1
      RTC().memory(str(count))
      with open("log.txt", "a") as log:
          log.write("%d " % count)
      print(machine.reset_cause(), open("log.txt").read())
      try:
          try:
              machine.deepsleep(1000)
          except:
              print("caught")
      finally:
          print("finally")
      print("after")
    `);
    await world.clock.advance(2500);
    expect(node.lines).toEqual(["1 1 ", "4 1 2 ", "4 1 2 3 "]);
    expect(node.boots).toBe(3);
    expect(node.rtcMemory).toBe(toHex(new TextEncoder().encode("3")));
    expect(node.state).toBe("asleep");
  });

  it("makes the radio deaf", async () => {
    await using world = createMicroPythonWorld();
    const { radio } = joinPeer(world);
    const node = world.run(`${radioOn}machine.deepsleep(1000)`);
    await world.clock.advance(500);
    expect(await world.clock.runUntil(radio.send(node.address, Uint8Array.of(1)))).toBe(false);
    expect(node.radio.account().awakeMs).toBe(0);
  });

  it("loses RTC memory with the power, but no files", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      import machine, os, time
      print(machine.RTC().memory(), "kept.txt" in os.listdir(), time.time(), machine.reset_cause())
      machine.RTC().memory(b"here")
      open("kept.txt", "w").close()
      time.sleep(5)
      machine.reset()
    `);
    await world.clock.advance(6000);
    node.powerOff();
    await world.clock.advance(60_000);
    expect(node.boots).toBe(2);
    node.powerOn();
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["b'' False 0 1", "b'here' True 5 0", "b'' True 0 1"]);
  });
});

describe("a MicroPython board's pins", () => {
  it("are read and written from outside", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      from machine import ADC, Pin
      from neopixel import NeoPixel
      import time
      button, switch, led = Pin(8, Pin.IN, Pin.PULL_UP), Pin(9, Pin.IN), Pin(2, Pin.OUT, value=0)
      light = ADC(Pin(4), atten=ADC.ATTN_11DB)
      pixels = NeoPixel(Pin(40), 2)
      while True:
          led.value(button() == 0)
          pixels[1] = (light.read_u16() >> 8, 0, 255)
          pixels.write()
          print(button.value(), switch.value(), light.read_u16())
          time.sleep(1)
    `);
    await world.clock.advance(500);
    expect(node.outputs.get(2)).toBe(0);
    node.inputs.set(8, 0);
    node.analog.set(4, 0x8000);
    await world.clock.advance(1000);
    expect(node.lines).toEqual(["1 0 0", "0 0 32768"]);
    expect(node.outputs.get(2)).toBe(1);
    expect(node.pixels).toEqual([
      [0, 0, 0],
      [128, 0, 255],
    ]);
    expect(node.shown).toHaveLength(2);
  });
});

describe("a MicroPython script that goes wrong", () => {
  it("makes the clock's advance reject with its traceback", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run(`
      def measure():
          return 1 / 0
      print("before")
      measure()
    `);
    await expect(world.clock.advance(1000)).rejects.toThrow(
      /02000000aa01 raised[^]*before[^]*line 2, in measure[^]*ZeroDivisionError/,
    );
    expect(node.traceback).toContain('File "main.py", line 4');
    expect(node.state).toBe("ended");
  });

  it("is asked for its traceback where that is expected", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run("import nothing_of_that_name", { mayFail: true });
    await world.clock.advance(1000);
    expect(node.traceback).toContain("ImportError");
  });

  it("ends quietly by sys.exit", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run("import sys\nsys.exit()");
    await world.clock.advance(1000);
    expect(node).toMatchObject({ state: "ended", traceback: undefined, output: "" });
  });

  it("is killed when it computes without end, and the message says so", async () => {
    await using world = createMicroPythonWorld();
    const node = world.run("print('round and round')\nwhile True: pass", { computeLimitMs: 500 });
    const other = world.run("import time\nprint('fine')\ntime.sleep(9)");
    await expect(world.clock.advance(1000)).rejects.toThrow(
      /02000000aa01: main.py computed[^]*endless loop[^]*round and round/,
    );
    expect(node.state).toBe("stuck");
    expect(other.state).toBe("running");
  });
});
