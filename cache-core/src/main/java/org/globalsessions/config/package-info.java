/** Strict reading of configuration files: every key known, typed and within its range. */
package org.globalsessions.config;
