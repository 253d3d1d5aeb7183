"""The words of the set phrases, in English, Greek, German, French, Spanish, Italian and Portuguese. Data for `phrases`.

Phrases are parted by semicolons and written as usual; they are compared without case and accents.
"""

CREDIT = """
source; sources; credit; credits; agency; πηγή; πηγές; πρακτορείο; quelle; quellen; agentur; source de l'article; agence;
fuente; fuentes; agencia; fonte; fonti; agenzia; fontes; agência; copyright; (c); ©; with information from; with material from;
με πληροφορίες από; mit material von; mit informationen von; avec; con información de; con informazioni di; com informações de;
com informações da; com agência; via
"""
RELATED = """
also read; read also; read more; read next; read on; see also; more on this; more on this story; more on this topic;
don't miss; further reading; must read; you may also like; you might also like; related story; related article; related;
recommended; in case you missed it; watch also; learn more; find out more; full story; continue reading; read the full story;
διαβάστε επίσης; διαβάστε ακόμη; διαβάστε ακόμα; διαβάστε περισσότερα; διαβάστε και; διάβασε επίσης; διάβασε ακόμη;
διάβασε ακόμα; διάβασε και; δείτε επίσης; δείτε ακόμη; δείτε ακόμα; δείτε και; δείτε περισσότερα; σχετικό άρθρο; μη χάσετε;
περισσότερα; διαβάστε σχετικά; διαβάστε εδώ; δείτε εδώ;
lesen sie auch; lesen sie mehr; lesen sie hier; lesen sie dazu; lesen sie weiter; lies auch; auch lesen; auch interessant;
auch interessant für sie; mehr zum thema; mehr dazu; siehe auch; weiterlesen; passend dazu; zum thema; hintergrund;
das könnte sie auch interessieren; das könnte sie interessieren; das könnte dich auch interessieren;
à lire aussi; lire aussi; lire également; à lire également; à lire; voir aussi; à voir aussi; lire la suite; en savoir plus;
sur le même sujet; pour aller plus loin; à découvrir aussi;
lea también; lee también; leer también; lea más; leer más; lee más; le puede interesar; te puede interesar;
también te puede interesar; te puede interesar también; puede interesarte; vea también; ver también; ver más; más información;
no te pierdas; no se pierda; seguir leyendo;
leggi anche; leggi pure; leggi tutto; leggi di più; leggi l'articolo; vedi anche; guarda anche; potrebbe interessarti;
potrebbe interessarti anche; ti potrebbe interessare; ti potrebbe interessare anche; approfondisci; per approfondire;
da non perdere; articolo correlato;
leia também; leia mais; leia ainda; ler também; ler mais; leia a seguir; veja também; veja mais; saiba mais;
pode interessar; pode interessar-lhe; não perca; notícia relacionada; continue lendo
"""
LIST = """
related articles; related stories; related news; related posts; related topics; most read; most popular; most viewed;
latest news; latest stories; latest articles; more news; more stories; more from; top stories; top news; trending;
trending now; popular now; editor's picks; editors' picks; recommended for you; recommended stories; you may like;
what to read next; other news; more headlines; recent posts; recent news; comments; leave a comment; leave a reply; tags;
σχετικά άρθρα; σχετικά νέα; σχετικές ειδήσεις; σχετικά θέματα; δημοφιλή; δημοφιλέστερα; πιο δημοφιλή; τα πιο δημοφιλή;
τελευταία νέα; τελευταίες ειδήσεις; ροή ειδήσεων; περισσότερα νέα; περισσότερες ειδήσεις; προτεινόμενα; σχόλια; ετικέτες;
αφήστε ένα σχόλιο; διαβάστε τώρα; τα πιο διαβασμένα; τελευταία άρθρα; άλλες ειδήσεις;
mehr nachrichten; weitere artikel; weitere nachrichten; weitere meldungen; weitere themen; meistgelesen; meistgelesene artikel;
am meisten gelesen; neueste nachrichten; neueste artikel; aktuelle nachrichten; verwandte artikel; ähnliche artikel;
ähnliche beiträge; empfohlene artikel; empfehlungen der redaktion; beliebte artikel; kommentare; schlagwörter; top-themen;
articles liés; articles similaires; articles associés; articles connexes; les plus lus; les plus consultés; le plus lu;
dernières nouvelles; dernières actualités; derniers articles; autres articles; nos derniers articles; à la une; commentaires;
mots-clés; sur le même thème; plus d'actualités; les articles les plus lus; notre sélection;
noticias relacionadas; artículos relacionados; lo más leído; más leídas; las más leídas; lo más visto; últimas noticias;
más noticias; otras noticias; lo último; comentarios; etiquetas; te recomendamos; recomendados; contenido relacionado;
articoli correlati; notizie correlate; i più letti; le più lette; più letti; ultime notizie; ultim'ora; altre notizie;
altri articoli; potrebbero interessarti; commenti; in evidenza; contenuti correlati; articoli recenti;
notícias relacionadas; artigos relacionados; mais lidas; mais lidos; as mais lidas; últimas notícias; mais notícias;
outras notícias; recomendados para você; recomendadas; comentários; mais populares; em destaque; conteúdo relacionado
"""
NEWSLETTER = """
newsletter; subscribe; sign up; εγγραφή; abonnieren; subscribe to; subscribe now; subscribe for; sign up for; sign up to; sign up now; join our newsletter;
get our newsletter; get the newsletter; our newsletter; e-mail newsletter; email newsletter; newsletters;
εγγραφείτε; εγγραφή στο; εγγραφείτε στο; κάντε εγγραφή; ενημερωτικό δελτίο; γίνετε συνδρομητές; γίνετε συνδρομητής;
abonnieren sie; newsletter abonnieren; jetzt abonnieren; melden sie sich; jetzt anmelden; unser newsletter; zum newsletter;
abonnez-vous; inscrivez-vous; recevez notre; s'abonner; s'inscrire; notre newsletter; lettre d'information; recevez chaque;
suscríbete; suscríbase; suscribirse; regístrate; boletín; boletines; recibe en tu; apúntate;
iscriviti; abbonati; ricevi la; registrati; la nostra newsletter; iscrizione alla;
assine; inscreva-se; subscreva; receba as; receba no; boletim; cadastre-se
"""
NOISE = """
share this; share on; share via; share the article; share article; share:; follow us; follow on; like us on; find us on; join us on;
print this; send by e-mail; send by email; copy link; listen to this article; advertisement; advertising; ad; sponsored;
sponsored content; we use cookies; this site uses cookies; this website uses cookies; accept cookies; accept all; cookie settings; cookie policy;
privacy policy; terms of use; terms of service; all rights reserved; back to top; skip to content; photo; photos; photo credit; image; image credit;
picture; file photo; photo by; watch; watch live; play video; minutes read; min read; log in; login; home;
κοινοποίηση; κοινοποιήστε; μοιραστείτε; μοιράσου το; ακολουθήστε; ακολουθήστε μας; ακολούθησε; διαφήμιση; φωτογραφία; φωτογραφίες;
φωτό; φωτο; φωτογραφίες αρχείου; χρησιμοποιούμε cookies; αυτός ο ιστότοπος χρησιμοποιεί; πολιτική απορρήτου; όροι χρήσης;
με επιφύλαξη παντός δικαιώματος; εκτύπωση; βρείτε μας;
teilen; artikel teilen; teilen sie; beitrag teilen; auf facebook teilen; folgen sie uns; folge uns; folgen sie; anzeige; werbung; foto; fotos; bild;
bildquelle; drucken; diese website verwendet cookies; wir verwenden cookies; cookie-einstellungen; datenschutz; impressum;
alle rechte vorbehalten; nach oben; merken; video;
partager; partagez; partager sur; partager cet article; suivez-nous; suivez nous; publicité; crédit photo; crédits photo; photo d'illustration;
nous utilisons des cookies; ce site utilise des cookies; politique de confidentialité; mentions légales; tous droits réservés; imprimer;
compartir; comparte; compartir en; síguenos; síganos; publicidad; foto de archivo; imagen; imprimir; usamos cookies; utilizamos cookies;
este sitio utiliza cookies; este sitio usa cookies; política de privacidad; aviso legal; todos los derechos reservados;
condividi; condividi su; condividi questo; condividi l'articolo; seguici; seguici su; pubblicità; immagine; stampa; usiamo cookie; questo sito utilizza; questo sito usa;
informativa sulla privacy; tutti i diritti riservati; riproduzione riservata;
partilhar; partilhe; compartilhe; compartilhar; siga-nos; siga o; siga a; publicidade; imagem; este site usa cookies; este site utiliza cookies;
política de privacidade; todos os direitos reservados
"""
TRAILER = "reuter; reuters; end; ends; -ends-; - ends -; -30-; - 30 -; ###; # # #; * * *; ***; fin; ende; τέλος; fine; fim; -end-; enditem; more; -more-; ---; ----; xxxx"
REPORTING = """
reporting by; (reporting by; editing by; (editing by; writing by; (writing by; additional reporting by; (additional reporting by;
compiled by; translated by; (by; reporting and writing by; (bearbeitet von; bearbeitet von; (reportage; (écrit par;
"""
AGENCIES = """
AA AAP AFP ADN Adnkronos Agerpres AGI ALDE AMNA ANA ANA-MPA ANI Anadolu ANP ANSA ANTARA AP APA Apcom Askanews ATS awp Belga Bernama BNS BTA CNA CP CTK
ČTK Dow_Jones DPA dpa-AFX EFE EuropaPress Europa_Press FENA Hina IANS Interfax IRNA ISNA Itar-Tass Jiji KNA Keystone-SDA KUNA Kyodo
LETA Lusa MAP MENA MTI NAN NTB NZPA PA PAP PL Petra Presse_Canadienne Prensa_Latina PTI Reuter Reuters RIA RIA_Novosti Ritzau SANA SAPA SDA SID
Sinc SIR SPA SPS STA STT Tanjug TAP TASR TASS Télam Telam TT Thomson_Reuters UNI UPI VNA WAFA WAM Xinhua Yonhap ΑΠΕ-ΜΠΕ ΑΠΕ ΑΜΝΑ ΚΥΠΕ
Ρόιτερς ТАСС epd afp dpad ddp
"""
"""Agencies by the names they sign with; `_` stands for a blank."""

CITIES = """
Amsterdam; Ankara; Athens; Baghdad; Bangkok; Beijing; Beirut; Belgrade; Berlin; Bonn; Brussels; Bucharest; Budapest; Buenos Aires; Cairo;
Caracas; Copenhagen; Dakar; Damascus; Delhi; Dubai; Dublin; Frankfurt; Geneva; Gaza; Hanoi; Havana; Helsinki; Hong Kong; Istanbul; Jakarta;
Jerusalem; Johannesburg; Kabul; Kiev; Kyiv; Lagos; Lima; Lisbon; London; Luxembourg; Madrid; Manila; Melbourne; Mexico City; Milan;
Montreal; Moscow; Mumbai; Munich; Nairobi; New Delhi; New York; Nicosia; Oslo; Ottawa; Paris; Prague; Pretoria; Quebec City; Riga; Rio de
Janeiro; Riyadh; Rome; San Francisco; Santiago; Sao Paulo; Seoul; Shanghai; Singapore; Sofia; Stockholm; Sydney; Taipei; Tallinn; Tehran;
Tel Aviv; Tokyo; Toronto; Tunis; Vatican City; Vienna; Vilnius; Warsaw; Washington; Zagreb; Zurich; United Nations; Atlanta; Baltimore;
Boston; Chicago; Cincinnati; Cleveland; Dallas; Denver; Detroit; Honolulu; Houston; Indianapolis; Las Vegas; Los Angeles; Miami;
Milwaukee; Minneapolis; New Orleans; Oklahoma City; Philadelphia; Phoenix; Pittsburgh; St. Louis; Salt Lake City; San Antonio; San Diego;
Seattle; Wellington; Canberra; Islamabad; Karachi; Colombo; Dhaka; Kampala; Harare; Lusaka; Αθήνα; Θεσσαλονίκη; Λευκωσία; Βρυξέλλες;
Παρίσι; Λονδίνο; Βερολίνο; Ρώμη; Μαδρίτη; Μόσχα; Κίεβο; Ουάσιγκτον; Νέα Υόρκη; Άγκυρα; Κωνσταντινούπολη; Wien; Bern; Zürich; München;
Hamburg; Köln; Brüssel; Genf; Moskau; Rom; Warschau; Prag; Bruxelles; Genève; Londres; Moscou; Rome; Marseille; Lyon; Athènes; Atenas;
Barcelona; Bogotá; Ciudad de México; Moscú; París; Roma; Milano; Torino; Napoli; Bruxelas; Lisboa; Porto; Brasília; São Paulo; Rio de
Janeiro; Londra; Parigi; Berlino; Mosca; Ginevra; Luanda; Maputo
"""
"""Cities known well enough to stand in a dateline without country, date or agency."""
