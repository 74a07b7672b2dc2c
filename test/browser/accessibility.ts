import type { Page } from 'playwright-core';

/** Controls without a name, as a screen reader would find none. */
export async function namelessControls(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`(() => {
    const named = (element) => {
      const by = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('');
      const own = element.textContent + (element.getAttribute('aria-label') ?? '') + by;
      const labels = [...(element.labels ?? [])].map((label) => label.textContent).join('');
      return (element.matches('input, select') ? labels + (element.getAttribute('aria-label') ?? '') + by : own).trim() !== '';
    };
    return [...document.querySelectorAll('a, button, input, select, summary, meter, [role=img], [tabindex]')]
      .filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 120));
  })()`);
}

/** Texts that are seen and whose contrast with what lies behind them is under WCAG's AA. */
export async function faintTexts(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`(() => {
    const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = (color) => {
      const [r, g, b] = channels(color).slice(0, 3).map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
      for (let at = element; at !== null; at = at.parentElement) {
        const color = getComputedStyle(at).backgroundColor;
        if ((channels(color)[3] ?? 1) === 1 && color !== 'transparent') return color;
      }
      return 'rgb(255, 255, 255)';
    };
    const faint = [];
    for (const element of document.querySelectorAll('body *')) {
      const ownText = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join('');
      const style = getComputedStyle(element);
      if (ownText === '' || style.visibility === 'hidden' || element.getClientRects().length === 0) continue;
      const [a, b] = [luminance(style.color), luminance(behind(element))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const isLarge = parseFloat(style.fontSize) >= 24;
      if (ratio < (isLarge ? 3 : 4.5)) faint.push(ratio.toFixed(2) + ' ' + ownText.slice(0, 60));
    }
    return faint;
  })()`);
}

/** What is wider than the window, when the document is. */
export async function overflowing(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > width + 1)
      .map((element) => element.tagName + '.' + element.className).slice(0, 10);
  })()`);
}

/** How what has the focus now shows it, with a word for what it is. */
export async function focused(page: Page): Promise<{ readonly what: string; readonly isShown: boolean }> {
  return await page.evaluate<{ what: string; isShown: boolean }>(`(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    return {
      what: element.id || element.tagName.toLowerCase(),
      isShown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
  })()`);
}
