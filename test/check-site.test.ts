import { expect, test } from "vitest";
import { type SitePage, siteFaults } from "../scripts/check-site.ts";

const page = (path: string, main: string, title = path): SitePage => ({
  path,
  html: `<html lang="en"><head><title>${title}</title><meta name="description" content="About ${title}."></head>
<body><header></header><nav></nav><main>${main}</main></body></html>`,
});
const good = page(
  "good.html",
  '<h1 id="good">Good</h1><h2>More</h2><img src="a.svg" alt="words"><a href="/good#good">good</a>',
);

test("nothing is wrong with a good page", () => {
  expect(siteFaults([good])).toEqual([]);
});

test.each([
  ["two headings of level 1", "<h1>a</h1><h1>b</h1>", "2 headings of level 1"],
  ["a gap between headings", "<h1>a</h1><h2>b</h2><h4>c</h4>", "a heading of level 4 after one of 2"],
  ["an image without words", '<h1>a</h1><img src="a.svg" alt="">', "an image without words"],
  ["a column heading without words", "<h1>a</h1><table><tr><th></th></tr></table>", "a column heading without words"],
  ["a link without words", '<h1>a</h1><a href="/good"><span></span></a>', "a link without words: /good"],
  ["a dead link", '<h1>a</h1><a href="/gone">gone</a>', "/gone leads nowhere"],
  ["a dead anchor", '<h1>a</h1><a href="/good#gone">gone</a>', "/good#gone is no anchor of good.html"],
  ["a link that is not https", '<h1>a</h1><a href="http://example.com">x</a>', "http://example.com is not https"],
])("%s is found", (_, main, what) => {
  const faults = siteFaults([good, page("bad.html", main)]);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain(`bad.html: ${what}`);
});

test("a page without language, title, description and landmarks is found", () => {
  const faults = siteFaults([{ path: "bare.html", html: "<html><h1>a</h1></html>" }]);
  expect(faults.map((fault) => fault.replace("bare.html: ", ""))).toEqual([
    "no language",
    "no title",
    "no description",
    "no <main>",
    "no <nav>",
    "no <header>",
  ]);
});

test("two pages with one title or description are found", () => {
  expect(siteFaults([good, page("other.html", "<h1>a</h1>", "good.html")])).toEqual([
    "other.html: the title of good.html: good.html",
    "other.html: the description of good.html: About good.html.",
  ]);
});
