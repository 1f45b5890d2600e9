package shop;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.globalsessions.relief.extension.ReliefExtension;
import org.globalsessions.relief.extension.SessionValidator;
import org.globalsessions.relief.extension.ValidSession;

/**
 * Asks an identity provider for sessions that no tier has. The session's key goes as the body of a POST to the address in the environment
 * variable IDENTITY_URL; 404 means that there is no such session, 200 that there is: in three lines of text when it began and until when it is valid,
 * in seconds since 1970, and its user.
 */
public final class IdentityGateway implements ReliefExtension {
    private static final int NOT_FOUND = 404;
    private static final int OK = 200;
    private static final int LINES = 3;

    @Override
    public String name() {
        return "identity";
    }

    @Override
    public SessionValidator validator() {
        URI address = URI.create(System.getenv("IDENTITY_URL"));
        HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofMillis(500)).build();
        return key -> ask(client, address, key);
    }

    private static ValidSession ask(HttpClient client, URI address, String key)
            throws IOException, InterruptedException {
        HttpRequest question = HttpRequest.newBuilder(address)
                .timeout(Duration.ofMillis(900))
                .POST(BodyPublishers.ofString(key))
                .build();
        HttpResponse<String> answer = client.send(question, BodyHandlers.ofString());
        if (answer.statusCode() == NOT_FOUND) {
            return null;
        }
        String[] lines = answer.body().split("\n");
        if (answer.statusCode() != OK || lines.length != LINES) {
            throw new IOException("the identity provider failed: status=" + answer.statusCode());
        }
        Instant began = Instant.ofEpochSecond(Long.parseLong(lines[0]));
        Duration remaining = Duration.between(Instant.now(), Instant.ofEpochSecond(Long.parseLong(lines[1])));
        if (remaining.isNegative() || remaining.isZero()) {
            return null;
        }
        return new ValidSession(("user=" + lines[2]).getBytes(StandardCharsets.UTF_8), began, remaining);
    }
}
