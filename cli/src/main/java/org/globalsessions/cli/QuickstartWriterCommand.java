package org.globalsessions.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.globalsessions.Acknowledgement;
import org.globalsessions.SessionCacheManager;
import org.globalsessions.SetOptions;
import picocli.CommandLine.Command;

/** The application on the first host: sets all sessions, deletes one in twenty, confirms that these are gone. */
@Command(name = "quickstart-writer", hidden = true)
final class QuickstartWriterCommand extends QuickstartApplication {
    @Override
    Map<String, Object> run(SessionCacheManager cache, SessionSource source, int count) throws Exception {
        SetOptions toRelay = SetOptions.DEFAULTS.acknowledgement(Acknowledgement.RELAY);
        Pipeline sets = new Pipeline(WINDOW, PATIENCE, n -> {
            String key = source.key(n);
            return cache.set(key, source.value(key), toRelay);
        });
        sets.run(count, progress("stored", count));

        int[] doomed = IntStream.range(0, count).filter(source::isDeleted).toArray();
        Pipeline deletes =
                new Pipeline(WINDOW, PATIENCE, i -> cache.delete(source.key(doomed[i]), Acknowledgement.RELIEF));
        deletes.run(doomed.length, progress("deleted", doomed.length));

        AtomicLong resurrected = new AtomicLong();
        Pipeline gone = new Pipeline(
                WINDOW,
                Duration.ofSeconds(30),
                i -> cache.get(source.key(doomed[i]))
                        .thenAccept(value -> resurrected.addAndGet(value == null ? 0 : 1)));
        gone.run(doomed.length, progress("confirmed gone on the first host", doomed.length));

        Map<String, Object> result = new LinkedHashMap<>();
        result.put("written", count);
        result.put("deleted", doomed.length);
        result.put("resurrected", resurrected.get());
        result.put("retries", sets.retries() + deletes.retries() + gone.retries());
        return result;
    }
}
