package org.globalsessions.transport.client;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.globalsessions.tier.KeyDigest;
import org.globalsessions.tier.TierHost;
import org.globalsessions.transport.Connection;
import org.globalsessions.transport.Right;
import org.globalsessions.transport.frame.Frame;
import org.globalsessions.transport.frame.FrameCodec;
import org.globalsessions.transport.frame.HelloFrame;
import org.globalsessions.transport.frame.SessionKnownFrame;
import org.globalsessions.transport.frame.WelcomeFrame;
import org.globalsessions.transport.net.EventLoops;
import org.globalsessions.transport.net.LinkSettings;
import org.globalsessions.transport.net.Listener;
import org.globalsessions.transport.net.PeerAddress;
import org.globalsessions.transport.net.PipelineSecurity;
import org.globalsessions.transport.net.ReconnectPolicy;
import org.globalsessions.transport.net.RecordingHandler;
import org.globalsessions.transport.tls.KeyFolder;

/** The main class of {@link NoFlagsTest}'s process: a relay and a link in one JVM that exchange a question and its answer. */
public final class QuietProcess {
    private QuietProcess() {}

    /** Without arguments over plain TCP, else over TLS with a folder for keys and the name of a provider. */
    public static void main(String[] args) throws Exception {
        PipelineSecurity listening = PipelineSecurity.plain();
        PipelineSecurity connecting = PipelineSecurity.plain();
        if (args.length > 0) {
            KeyFolder keys = new KeyFolder(Path.of(args[0]));
            listening = PipelineSecurity.of(keys.listener("provider : " + args[1]));
            connecting = PipelineSecurity.of(keys.connector("provider : " + args[1]));
        }
        try (EventLoops loops = EventLoops.start("quiet", 1);
                Listener relay = Listener.bind(
                        loops,
                        "127.0.0.1",
                        0,
                        LinkSettings.DEFAULTS,
                        listening,
                        new RecordingHandler(QuietProcess::answer));
                RelayLink link = new RelayLink(
                        new RelayLinkSettings(
                                "sessions",
                                "",
                                PeerAddress.tcp("localhost", relay.port()),
                                Duration.ofSeconds(10),
                                16,
                                1 << 20,
                                ReconnectPolicy.DEFAULT,
                                LinkSettings.DEFAULTS,
                                connecting),
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
            connection.send(new WelcomeFrame(
                    hello.correlationId(), hello.commonVersion(), 1, 0, 0, FrameCodec.MAX_FRAME, Right.ALL, 0));
        } else {
            connection.send(new SessionKnownFrame(frame.correlationId(), SessionKnownFrame.Status.MISSING, 1, 1, null));
        }
    }
}
