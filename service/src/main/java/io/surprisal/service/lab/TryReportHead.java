package io.surprisal.service.lab;

/** The head of the report of {@code surprisal try}: its style, and that it loads nothing. */
final class TryReportHead {
  /** With a place for the title. */
  static final String HTML =
      """
      <!DOCTYPE html>
      <html lang=en><head><meta charset=utf-8>
      <meta name=viewport content='width=device-width, initial-scale=1'>
      <meta http-equiv=Content-Security-Policy content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
      <title>Surprisal: %s</title>
      <style>
      :root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #bbb; --normal: #0072b2; --other: #d55e00 }
      @media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #161616; --line: #555; --normal: #56b4e9 } }
      body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 }
      main { max-width: 1500px; margin: 0 auto; padding: 1rem }
      h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2rem }
      svg { width: 100%%; max-width: 720px; display: block } svg text { font-size: 12px; fill: var(--ink) }
      .axis { stroke: var(--line) } .threshold { stroke: var(--other); stroke-width: 2; stroke-dasharray: 6 4 }
      rect.normal { fill: var(--normal) } rect.other { fill: var(--other) }
      .legend span { display: inline-block; width: .8em; height: .8em } .legend .normal { background: var(--normal) } .legend .other { background: var(--other) }
      .pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%%, 340px), 1fr)); gap: 1rem }
      figure { margin: 0 } figure img { width: 100%%; height: auto; display: block; border: 1px solid var(--line) }
      figcaption { font-size: .85rem; overflow-wrap: anywhere }
      table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line) }
      .warning { border-left: 4px solid var(--other); padding-left: .8rem }
      pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line) }
      </style></head><body><main>
      """;

  private TryReportHead() {}
}
