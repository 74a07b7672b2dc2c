import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { faintTexts, focused, namelessControls, overflowing } from './accessibility.js';
import { launch, openTab, picture, type Tab } from './browser.js';
import { PageScene } from './page-scene.js';

const requests = '[data-metric^="shop/shop.requests"]';
const nowhere = '[data-metric^="shop/shop.nowhere"]';

describe('the page, in a browser', () => {
  const scene = new PageScene();
  let browser: Browser;
  let tab: Tab;

  before(async () => {
    browser = await launch();
    await scene.start();
    tab = await openTab(browser, { viewport: { width: 1280, height: 900 } });
  });

  after(async () => {
    await browser.close();
    await scene.stop();
  });

  it('says how to get in to who has no session, and lets nobody in with a wrong code', async () => {
    const stranger = await openTab(browser);
    const answer = await stranger.page.goto(scene.origin);
    expect(answer?.status()).to.equal(401);
    expect(await stranger.page.textContent('main')).to.contain('launch-gui');
    await picture(stranger.page, 'enter');
    await stranger.page.goto(`${scene.origin}/#code=wrong`);
    await stranger.page.reload();
    await stranger.page.getByText('Not opened').waitFor();
    expect(await namelessControls(stranger.page)).to.deep.equal([]);
    await stranger.page.context().close();
  });

  it('opens with a code, over TLS, and leaves no secret in the address or to scripts', async () => {
    const { page, troubles } = tab;
    const address = scene.address();
    // The answer without a session is the one that takes the code out of the address; its status is meant.
    await page.goto(address);
    await page.locator('#connection.live').waitFor();
    expect(page.url()).to.equal(`${scene.origin}/`);
    expect(await page.evaluate('document.cookie')).to.equal('');
    troubles.splice(0);
    const again = await openTab(browser);
    await again.page.goto(address);
    await again.page.getByText('used before').waitFor();
    await again.page.context().close();
  });

  it('shows value, target and replicas, and draws them', async () => {
    const { page } = tab;
    await page.locator(`${requests} .value dd`, { hasText: '32' }).waitFor();
    expect(await page.locator(`${requests} .target dd`).textContent()).to.equal('10 per replica');
    await page.locator(`${requests} .replicas dd`, { hasText: '4 of 8' }).waitFor();
    await page.locator(`${requests} canvas`).waitFor();
  });

  it('shows a change of value without a reload', async () => {
    const { page } = tab;
    await page.evaluate('window.isTheSame = true');
    scene.value = 55;
    await page.locator(`${requests} .value dd`, { hasText: '55' }).waitFor();
    await page.locator(`${requests} .replicas dd`, { hasText: '6 of 8' }).waitFor();
    expect(await page.evaluate('window.isTheSame')).to.equal(true);
    await page.locator('.changes b', { hasText: 'shop/web' }).first().waitFor();
  });

  it('says why a metric is invalid', async () => {
    const { page } = tab;
    await page.locator(`${nowhere} .badge`, { hasText: 'no_series' }).waitFor();
    expect(await page.locator(`${nowhere} .detail`).textContent()).to.not.equal('');
    await page.locator('[data-metric^="shop/shop.negative"] .badge', { hasText: 'negative' }).waitFor();
  });

  it('filters by text and by state, from the keyboard', async () => {
    const { page } = tab;
    await page.keyboard.press('/');
    expect(await focused(page)).to.deep.equal({ what: 'search', isShown: true });
    await page.keyboard.type('shop/web REQ');
    await page.locator('#found', { hasText: '1 of 3' }).waitFor();
    expect(await page.locator('.metric').count()).to.equal(1);
    await page.fill('#search', '');
    await page.selectOption('#state', 'invalid');
    await page.locator('#found', { hasText: '2 of 3' }).waitFor();
    await page.selectOption('#state', 'all');
  });

  it('leads by Tab to each control, and shows where the focus is', async () => {
    const { page } = tab;
    await page.locator('h1 a').focus();
    for (const expected of ['search', 'state', 'a', 'summary']) {
      await page.keyboard.press('Tab');
      expect(await focused(page)).to.deep.equal({ what: expected, isShown: true });
    }
  });

  it('shows one autoscaler by itself', async () => {
    const { page } = tab;
    await page.locator(`${requests} .users a`).press('Enter');
    await page.locator('#autoscaler-title', { hasText: 'shop/web' }).waitFor();
    expect(await page.locator('.metric').count()).to.equal(1);
    await page.locator('pre', { hasText: 'VERDICT' }).waitFor();
    await picture(page, 'autoscaler');
    await page.getByRole('link', { name: 'All metrics' }).click();
    await page.locator('#metrics-title').waitFor();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has names for all controls and texts that can be read, ${colorScheme}`, async () => {
      const { page } = tab;
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.locator(`${requests} canvas`).waitFor();
      expect(await namelessControls(page)).to.deep.equal([]);
      expect(await faintTexts(page)).to.deep.equal([]);
      const animation = `getComputedStyle(document.querySelector('#connection'), '::before').animationName`;
      expect(await page.evaluate(animation)).to.equal('none');
      await picture(page, `metrics-${colorScheme}`);
    });
  }

  it('fits on a phone of 320 pixels without scrolling sideways', async () => {
    const { page } = tab;
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await overflowing(page)).to.deep.equal([]);
    await picture(page, 'phone', false);
    await page.locator(`${requests} .plot`).scrollIntoViewIfNeeded();
    await page.locator(`${requests} canvas`).waitFor();
    await picture(page, 'phone-plot', false);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('has asked for nothing elsewhere, and complained of nothing', () => {
    expect(tab.troubles).to.deep.equal([]);
  });

  it('comes back by itself after a restart of the server', async () => {
    const { page } = tab;
    await scene.stopReplica();
    await page.locator('#connection.waiting').waitFor();
    await picture(page, 'away', false);
    scene.value = 21;
    await scene.startReplica();
    await page.locator('#connection.live').waitFor();
    await page.locator(`${requests} .value dd`, { hasText: '21' }).waitFor();
    expect(await page.evaluate('window.isTheSame')).to.equal(true);
  });
});
