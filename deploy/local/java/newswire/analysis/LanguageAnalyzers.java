package newswire.analysis;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.bn.BengaliAnalyzer;
import org.apache.lucene.analysis.br.BrazilianAnalyzer;
import org.apache.lucene.analysis.ca.CatalanAnalyzer;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.ckb.SoraniAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.eu.BasqueAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.gl.GalicianAnalyzer;
import org.apache.lucene.analysis.hi.HindiAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.hy.ArmenianAnalyzer;
import org.apache.lucene.analysis.id.IndonesianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sr.SerbianAnalyzer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.apache.lucene.analysis.th.ThaiAnalyzer;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.index.analysis.AbstractIndexAnalyzerProvider;
import org.elasticsearch.index.analysis.Analysis;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.index.analysis.PreBuiltAnalyzerProviderFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.indices.analysis.PreBuiltCacheFactory.CachingStrategy;

/**
 * Lucene's language analyzers by Elasticsearch's names, with its settings "stopwords" (words or "_english_", "_none_"), "stopwords_path" and
 * "stem_exclusion"; as in Elasticsearch, the analyzers without a list of exclusions (cjk, greek, thai) do not read the latter.
 */
final class LanguageAnalyzers {
    /** One language: its analyzer as it is, its analyzer with stop words and stem exclusions of one's own, its stop words. */
    private record Language(
        String name, Supplier<Analyzer> ready, BiFunction<CharArraySet, CharArraySet, Analyzer> with, CharArraySet stopwords) {}

    private static final List<Language> ALL = List.of(
        new Language("arabic", ArabicAnalyzer::new, ArabicAnalyzer::new, ArabicAnalyzer.getDefaultStopSet()),
        new Language("armenian", ArmenianAnalyzer::new, ArmenianAnalyzer::new, ArmenianAnalyzer.getDefaultStopSet()),
        new Language("basque", BasqueAnalyzer::new, BasqueAnalyzer::new, BasqueAnalyzer.getDefaultStopSet()),
        new Language("bengali", BengaliAnalyzer::new, BengaliAnalyzer::new, BengaliAnalyzer.getDefaultStopSet()),
        new Language("brazilian", BrazilianAnalyzer::new, BrazilianAnalyzer::new, BrazilianAnalyzer.getDefaultStopSet()),
        new Language("bulgarian", BulgarianAnalyzer::new, BulgarianAnalyzer::new, BulgarianAnalyzer.getDefaultStopSet()),
        new Language("catalan", CatalanAnalyzer::new, CatalanAnalyzer::new, CatalanAnalyzer.getDefaultStopSet()),
        new Language("cjk", CJKAnalyzer::new, (stopwords, unused) -> new CJKAnalyzer(stopwords), CJKAnalyzer.getDefaultStopSet()),
        new Language("czech", CzechAnalyzer::new, CzechAnalyzer::new, CzechAnalyzer.getDefaultStopSet()),
        new Language("danish", DanishAnalyzer::new, DanishAnalyzer::new, DanishAnalyzer.getDefaultStopSet()),
        new Language("dutch", DutchAnalyzer::new, DutchAnalyzer::new, DutchAnalyzer.getDefaultStopSet()),
        new Language("english", EnglishAnalyzer::new, EnglishAnalyzer::new, EnglishAnalyzer.getDefaultStopSet()),
        new Language("estonian", EstonianAnalyzer::new, EstonianAnalyzer::new, EstonianAnalyzer.getDefaultStopSet()),
        new Language("finnish", FinnishAnalyzer::new, FinnishAnalyzer::new, FinnishAnalyzer.getDefaultStopSet()),
        new Language("french", FrenchAnalyzer::new, FrenchAnalyzer::new, FrenchAnalyzer.getDefaultStopSet()),
        new Language("galician", GalicianAnalyzer::new, GalicianAnalyzer::new, GalicianAnalyzer.getDefaultStopSet()),
        new Language("german", GermanAnalyzer::new, GermanAnalyzer::new, GermanAnalyzer.getDefaultStopSet()),
        new Language("greek", GreekAnalyzer::new, (stopwords, unused) -> new GreekAnalyzer(stopwords), GreekAnalyzer.getDefaultStopSet()),
        new Language("hindi", HindiAnalyzer::new, HindiAnalyzer::new, HindiAnalyzer.getDefaultStopSet()),
        new Language("hungarian", HungarianAnalyzer::new, HungarianAnalyzer::new, HungarianAnalyzer.getDefaultStopSet()),
        new Language("indonesian", IndonesianAnalyzer::new, IndonesianAnalyzer::new, IndonesianAnalyzer.getDefaultStopSet()),
        new Language("irish", IrishAnalyzer::new, IrishAnalyzer::new, IrishAnalyzer.getDefaultStopSet()),
        new Language("italian", ItalianAnalyzer::new, ItalianAnalyzer::new, ItalianAnalyzer.getDefaultStopSet()),
        new Language("latvian", LatvianAnalyzer::new, LatvianAnalyzer::new, LatvianAnalyzer.getDefaultStopSet()),
        new Language("lithuanian", LithuanianAnalyzer::new, LithuanianAnalyzer::new, LithuanianAnalyzer.getDefaultStopSet()),
        new Language("norwegian", NorwegianAnalyzer::new, NorwegianAnalyzer::new, NorwegianAnalyzer.getDefaultStopSet()),
        new Language("persian", PersianAnalyzer::new, PersianAnalyzer::new, PersianAnalyzer.getDefaultStopSet()),
        new Language("portuguese", PortugueseAnalyzer::new, PortugueseAnalyzer::new, PortugueseAnalyzer.getDefaultStopSet()),
        new Language("romanian", RomanianAnalyzer::new, RomanianAnalyzer::new, RomanianAnalyzer.getDefaultStopSet()),
        new Language("russian", RussianAnalyzer::new, RussianAnalyzer::new, RussianAnalyzer.getDefaultStopSet()),
        new Language("serbian", SerbianAnalyzer::new, SerbianAnalyzer::new, SerbianAnalyzer.getDefaultStopSet()),
        new Language("sorani", SoraniAnalyzer::new, SoraniAnalyzer::new, SoraniAnalyzer.getDefaultStopSet()),
        new Language("spanish", SpanishAnalyzer::new, SpanishAnalyzer::new, SpanishAnalyzer.getDefaultStopSet()),
        new Language("swedish", SwedishAnalyzer::new, SwedishAnalyzer::new, SwedishAnalyzer.getDefaultStopSet()),
        new Language("thai", ThaiAnalyzer::new, (stopwords, unused) -> new ThaiAnalyzer(stopwords), ThaiAnalyzer.getDefaultStopSet()),
        new Language("turkish", TurkishAnalyzer::new, TurkishAnalyzer::new, TurkishAnalyzer.getDefaultStopSet()));

    private LanguageAnalyzers() {}

    static List<PreBuiltAnalyzerProviderFactory> ready() {
        return ALL.stream()
            .map(language -> new PreBuiltAnalyzerProviderFactory(language.name, CachingStrategy.LUCENE, language.ready))
            .toList();
    }

    static Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> configurable() {
        Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> providers = new HashMap<>();
        for (Language language : ALL) {
            providers.put(language.name, (index, environment, name, settings) -> new Provider(name, language, environment, settings));
        }
        return providers;
    }

    private static final class Provider extends AbstractIndexAnalyzerProvider<Analyzer> {
        private final Analyzer analyzer;

        Provider(String name, Language language, Environment environment, Settings settings) {
            super(name);
            analyzer = language.with.apply(
                Analysis.parseStopWords(environment, settings, language.stopwords),
                Analysis.parseStemExclusion(settings, CharArraySet.EMPTY_SET));
        }

        @Override
        public Analyzer get() {
            return analyzer;
        }
    }
}
