'use strict';
// Asks every second whether the page has changed, and replaces the sections that differ.
(() => {
    const SECOND = 1000;
    const status = document.getElementById('live');
    let shown = null;
    let failures = 0;

    function say(text, state) {
        if (status.textContent !== text) status.textContent = text;
        status.dataset.state = state;
    }

    // The parts of a page by their ids, in their order.
    function parts(page) {
        return [...page.querySelectorAll('header, nav, main > section')];
    }

    function key(part) {
        return part.id || part.localName;
    }

    // Replaces what differs. If the parts themselves differ, such as a first figure, replaces all of them.
    function update(html) {
        const next = new DOMParser().parseFromString(html, 'text/html');
        const before = parts(document), after = parts(next);
        const same = before.map(key).join() === after.map(key).join();
        if (same) {
            before.forEach((part, i) => {
                if (part.outerHTML !== after[i].outerHTML) part.replaceWith(document.adoptNode(after[i]));
            });
        } else {
            document.querySelector('.page').replaceWith(document.adoptNode(next.querySelector('.page')));
        }
        document.title = next.title;
    }

    async function text(path) {
        const answer = await fetch(path, { cache: 'no-store' });
        if (!answer.ok) throw new Error(await answer.text());
        return answer.text();
    }

    async function poll() {
        let ended = false;
        try {
            const version = await text('/version');
            ended = version.startsWith('ended');
            // The first answer may belong to a later version than the page that was loaded.
            const changed = version !== shown;
            if (changed) update(await text('/'));
            shown = version;
            failures = 0;
            say(ended ? 'ended' : 'live', ended ? 'ended' : 'live');
        } catch (problem) {
            failures += 1;
            if (failures > 2) say('not reachable: this is the last state', 'ended');
        }
        if (!ended) setTimeout(poll, failures > 10 ? 10 * SECOND : SECOND);
    }

    poll();
})();
