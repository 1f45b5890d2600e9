package org.globalsessions.segment;

import org.globalsessions.Version;
import org.globalsessions.tier.KeyDigest;

/** Sees the tombstones of a scan, one at a time. */
@FunctionalInterface
public interface TombstoneVisitor {
    /**
     * One tombstone.
     *
     * @param digest   digest of the deleted key
     * @param version  the delete's version
     * @param position relay position of the delete, 0 while unknown
     * @return true to go on, false to end the scan
     */
    boolean visit(KeyDigest digest, Version version, long position);
}
