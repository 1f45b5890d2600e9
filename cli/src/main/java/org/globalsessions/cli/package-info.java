/**
 * The command {@code global-sessions}: it checks configurations, starts nodes and reads their segments.
 */
package org.globalsessions.cli;
