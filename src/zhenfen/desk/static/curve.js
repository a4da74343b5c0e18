// The follower curve, zoomed: the report's own drawing stays above it, and is what is printed and shown without script.
"use strict";

const curve = document.getElementById("curve");
const drawing = document.querySelector("figure .k-unexplained");
if (curve && drawing) {
  drawing.closest("figure").append(curve);
  curve.hidden = false;
  const part = (what) => curve.querySelector(what);
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const seconds = (text) => Date.parse(text + "T00:00:00Z") / 1000;
  const language = document.documentElement.lang;
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat(language);
  const NARROWEST_S = 2 * 86400;
  const HEIGHT_PX = 320;
  let plot = null;

  // Spans lie under the curve.
  const shade = (told) => (u) => {
    for (const span of told.spans) {
      const from = u.valToPos(seconds(span.starts_on) - 43200, "x", true);
      const to = u.valToPos(seconds(span.ends_on) + 43200, "x", true);
      const left = Math.max(from, u.bbox.left);
      const right = Math.min(to, u.bbox.left + u.bbox.width);
      if (right <= left) continue;
      u.ctx.save();
      u.ctx.fillStyle = span.is_unexplained ? ink("--elevated-soft") : ink("--none-soft");
      u.ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
      u.ctx.strokeStyle = span.is_unexplained ? ink("--elevated") : ink("--line");
      u.ctx.strokeRect(left, u.bbox.top, right - left, u.bbox.height);
      u.ctx.restore();
    }
  };
  // Numbers as in the table below, over everything else.
  const number = (told) => (u) => {
    const side = 16 * devicePixelRatio;
    for (const span of told.spans) {
      const at = u.valToPos((seconds(span.starts_on) + seconds(span.ends_on)) / 2, "x", true);
      if (at < u.bbox.left || at > u.bbox.left + u.bbox.width) continue;
      u.ctx.save();
      u.ctx.fillStyle = span.is_unexplained ? ink("--elevated") : ink("--none");
      u.ctx.fillRect(at - side / 2, u.bbox.top, side, side);
      u.ctx.fillStyle = ink("--paper");
      u.ctx.font = `600 ${0.7 * side}px sans-serif`;
      u.ctx.textAlign = "center";
      u.ctx.textBaseline = "middle";
      u.ctx.fillText(span.number, at, u.bbox.top + side / 2);
      u.ctx.restore();
    }
  };

  const draw = (told) => {
    const drawn = part(".drawn");
    const days = told.days.map(seconds);
    const first = days[0];
    const last = days[days.length - 1];
    const grid = { stroke: ink("--hair"), width: 1 };
    const axis = { stroke: ink("--soft"), grid, ticks: grid };
    plot = new uPlot(
      {
        width: drawn.clientWidth,
        height: HEIGHT_PX,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { min: first, max: last } },
        axes: [
          { ...axis, space: 90, values: (u, splits) => splits.map(day) },
          { ...axis, size: 66, values: (u, splits) => splits.map((one) => short.format(one)) },
        ],
        series: [{}, { stroke: ink("--accent"), width: 1.8, spanGaps: false, points: { size: 5 } }],
        hooks: {
          drawClear: [shade(told)],
          draw: [number(told)],
          setScale: [
            (u, key) => {
              if (key === "x") part(".range").textContent = `${day(u.scales.x.min)} – ${day(u.scales.x.max)}`;
            },
          ],
          setCursor: [
            (u) => {
              const at = u.cursor.idx;
              const value = at === null ? null : u.data[1][at];
              part(".at").textContent = value === null ? "" : `· ${day(u.data[0][at])}: ${whole.format(value)}`;
            },
          ],
        },
      },
      [days, told.followers],
      drawn,
    );
    new ResizeObserver(() => plot.setSize({ width: drawn.clientWidth, height: HEIGHT_PX })).observe(drawn);
    const moves = { in: [0.5, 0], out: [2, 0], left: [1, -0.5], right: [1, 0.5], all: [Infinity, 0] };
    curve.addEventListener("click", (event) => {
      const move = moves[event.target.dataset.do];
      if (!move) return;
      const { min, max } = plot.scales.x;
      const width = Math.min(Math.max((max - min) * move[0], Math.min(NARROWEST_S, last - first)), last - first);
      const middle = (min + max) / 2 + (max - min) * move[1];
      const from = Math.min(Math.max(middle - width / 2, first), last - width);
      plot.setScale("x", { min: from, max: from + width });
    });
  };

  const open = part("button[data-do=open]");
  const words = open.textContent;
  const show = (isOpen) => {
    open.setAttribute("aria-expanded", String(isOpen));
    open.textContent = isOpen ? open.dataset.close : words;
    for (const one of curve.querySelectorAll(".moves, .drawn, .read, .how")) one.hidden = !isOpen;
  };
  open.addEventListener("click", () => {
    if (plot || open.getAttribute("aria-expanded") === "true") {
      show(open.getAttribute("aria-expanded") !== "true");
      return;
    }
    show(true);
    fetch(curve.dataset.url)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then(draw)
      .catch(() => {
        show(false);
        part(".read").hidden = false;
        part(".range").textContent = curve.dataset.failed;
      });
  });
}
