package org.globalsessions.transport.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Listener;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.globalsessions.transport.net.RecordingHandler;

/** The main class of {@link NoFlagsTest}'s process: a relay and a link in one JVM that exchange a question and its answer. */
public final class QuietProcess {
    private QuietProcess() {}

    public static void main(String[] args) throws Exception {
        try (EventLoops loops = EventLoops.start("quiet", 1);
                Listener relay = Listener.bind(loops, "127.0.0.1", 0, new RecordingHandler(QuietProcess::answer));
                RelayLink link = new RelayLink(
                        new RelayLinkSettings(
                                "sessions",
                                "localhost",
                                relay.port(),
                                Duration.ofSeconds(10),
                                16,
                                1 << 20,
                                ReconnectPolicy.DEFAULT,
                                LinkSettings.DEFAULTS,
                                PipelineSecurity.plain()),
                        new TierHost(1, 2, 3, 4, 5))) {
            link.start(new RecordingListener());
            byte[] key = "key".getBytes(StandardCharsets.US_ASCII);
            boolean missing =
                    link.ask(key, new KeyDigest(1, 2)).get(20, TimeUnit.SECONDS).entry() == null;
            System.out.println("missing=" + missing);
        }
    }

    private static void answer(Connection connection, Frame frame) {
        if (frame instanceof HelloFrame hello) {
            connection.send(
                    new WelcomeFrame(hello.correlationId(), hello.commonVersion(), 1, 0, 0, FrameCodec.MAX_FRAME));
        } else {
            connection.send(new SessionKnownFrame(frame.correlationId(), SessionKnownFrame.Status.MISSING, 1, 1, null));
        }
    }
}
