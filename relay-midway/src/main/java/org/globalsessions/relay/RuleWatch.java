package org.globalsessions.relay;

import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.globalsessions.transport.Scheduler;
import org.globalsessions.transport.access.AccessRules;
import org.globalsessions.transport.access.RelayRules;

/**
 * Looks once a second whether a relay's rules or secrets have changed, on a thread of its own as files are read, and has the event loop go by
 * the new ones.
 */
final class RuleWatch {
    private static final long PERIOD_MS = 1000;
    private static final long END_WAIT_MS = 2000;

    private final RelayRules rules;
    private final Scheduler loop;
    private final RelayService service;
    private final RelayErrors errors;
    private final ScheduledExecutorService thread;

    private RuleWatch(RelayRules rules, Scheduler loop, RelayService service, RelayErrors errors) {
        this.rules = rules;
        this.loop = loop;
        this.service = service;
        this.errors = errors;
        this.thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread made = new Thread(task, "relay-rules");
            made.setDaemon(true);
            return made;
        });
    }

    static RuleWatch start(RelayRules rules, Scheduler loop, RelayService service, RelayErrors errors) {
        RuleWatch watch = new RuleWatch(rules, loop, service, errors);
        var unused = watch.thread.scheduleWithFixedDelay(watch::look, PERIOD_MS, PERIOD_MS, TimeUnit.MILLISECONDS);
        return watch;
    }

    private void look() {
        try {
            RelayRules.Reload reload = rules.refresh();
            if (reload != null) {
                Map<String, AccessRules> now = rules.byPath();
                loop.execute(() -> service.onRulesReloaded(now, reload));
            }
        } catch (Throwable e) {
            // Whatever goes out of here, a want of memory too, would end the last look, and no right would be taken
            // away any
            // more.
            errors.record("looking at the rules", e);
        }
    }

    /** Ends the thread, and waits for that. */
    void close() throws InterruptedException {
        thread.shutdownNow();
        if (!thread.awaitTermination(END_WAIT_MS, TimeUnit.MILLISECONDS)) {
            errors.record("the thread that looks at the rules does not end");
        }
    }
}
