package org.globalsessions.transport.client;

import java.util.concurrent.atomic.LongAdder;

/** Counts of one link; any thread. */
final class LinkCounters {
    final LongAdder connections = new LongAdder();
    final LongAdder failedAttempts = new LongAdder();
    final LongAdder joinedQuestions = new LongAdder();
    final LongAdder timeOuts = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder cutOff = new LongAdder();
    final LongAdder lateAnswers = new LongAdder();
    final LongAdder badFrames = new LongAdder();
    final LongAdder keyReloads = new LongAdder();
    final LongAdder keyReloadsFailed = new LongAdder();

    RelayLinkStatistics snapshot() {
        return new RelayLinkStatistics(
                connections.sum(),
                failedAttempts.sum(),
                joinedQuestions.sum(),
                timeOuts.sum(),
                refused.sum(),
                cutOff.sum(),
                lateAnswers.sum(),
                badFrames.sum(),
                keyReloads.sum(),
                keyReloadsFailed.sum());
    }
}
