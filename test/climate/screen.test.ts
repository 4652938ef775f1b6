import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ClimateView, drawScreen } from "../../src/climate/index.ts";
import { renderSvg, renderText, Ssd1306Display } from "../../src/device/index.ts";
import { Ssd1306Chip } from "../../src/virtual/index.ts";
import { root } from "../house/imports.ts";

const view: ClimateView = {
  reading: { thermometer: { temperature: 24.1 }, hygrometer: { humidity: 0.265 } },
  isOnline: true,
  isLit: true,
  waiting: 0,
  trouble: undefined,
};

async function showOn(height: 32 | 64, shown: ClimateView) {
  const chip = new Ssd1306Chip();
  const display = new Ssd1306Display({ i2c: chip, height });
  drawScreen(display.canvas, shown);
  await display.show();
  return chip.picture;
}

describe("the climate application's screen", () => {
  it("shows readings, LED and link on 64 rows", async () => {
    expect(renderText(await showOn(64, view)).join("\n")).toMatchSnapshot();
  });

  it("shows the same on 32 rows", async () => {
    expect(renderText(await showOn(32, view)).join("\n")).toMatchSnapshot();
  });

  it("shows what is wrong and what waits", async () => {
    const offline = { ...view, isOnline: false, isLit: false, waiting: 1234 };
    expect(renderText(await showOn(64, offline)).join("\n")).toMatchSnapshot();
    const blind = { ...view, reading: undefined, trouble: "no sensor" };
    expect(renderText(await showOn(64, blind)).join("\n")).toMatchSnapshot();
  });

  it("is the picture that the guide shows; UPDATE_PICTURES=1 writes it anew", async () => {
    const path = join(root, "docs/guide/climate-screen.svg");
    const picture = renderSvg(await showOn(64, view));
    if (process.env["UPDATE_PICTURES"] === "1") writeFileSync(path, picture);
    expect(readFileSync(path, "utf8")).toBe(picture);
  });
});
