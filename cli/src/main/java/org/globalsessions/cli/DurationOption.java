package org.globalsessions.cli;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValueFactory;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A time span on the command line, written as in a configuration: 500ms, 30s, 15m. A bare number counts milliseconds. */
final class DurationOption implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
        try {
            Duration span = ConfigValueFactory.fromAnyRef(text).atKey("v").getDuration("v");
            if (span.isNegative() || span.isZero()) {
                throw new TypeConversionException("'" + text + "' is not more than 0");
            }
            return span;
        } catch (ConfigException e) {
            throw new TypeConversionException("'" + text + "' is no time span such as 500ms, 30s or 15m");
        }
    }
}
