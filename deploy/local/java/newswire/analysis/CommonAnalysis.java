package newswire.analysis;

import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/** First light. */
public final class CommonAnalysis extends Plugin implements AnalysisPlugin {
    public CommonAnalysis() {}
}
