package org.globalsessions.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.globalsessions.SessionCacheManager;
import picocli.CommandLine.Command;

/** The application on the second host, a fresh process: reads every session and compares it byte for byte. */
@Command(name = "quickstart-reader", hidden = true)
final class QuickstartReaderCommand extends QuickstartApplication {
    private final AtomicLong verified = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicLong torn = new AtomicLong();
    private final AtomicLong gone = new AtomicLong();
    private final AtomicLong resurrected = new AtomicLong();
    private final AtomicLong localHits = new AtomicLong();

    @Override
    Map<String, Object> run(SessionCacheManager cache, SessionSource source, int count) throws Exception {
        Pipeline gets = new Pipeline(WINDOW, PATIENCE, n -> {
            String key = source.key(n);
            CompletableFuture<byte[]> answer = cache.get(key);
            localHits.addAndGet(answer.isDone() && !answer.isCompletedExceptionally() ? 1 : 0);
            return answer.thenAccept(value -> judge(source, n, key, value));
        });
        gets.run(count, progress("read back on the second host", count));

        Map<String, Object> result = new LinkedHashMap<>();
        result.put("verified", verified.get());
        result.put("lost", lost.get());
        result.put("torn", torn.get());
        result.put("gone", gone.get());
        result.put("resurrected", resurrected.get());
        result.put("localHits", localHits.get());
        result.put("retries", gets.retries());
        return result;
    }

    private void judge(SessionSource source, int n, String key, byte[] value) {
        AtomicLong verdict;
        if (source.isDeleted(n)) {
            verdict = value == null ? gone : resurrected;
        } else if (value == null) {
            verdict = lost;
        } else {
            verdict = Arrays.equals(value, source.value(key)) ? verified : torn;
        }
        verdict.incrementAndGet();
    }
}
