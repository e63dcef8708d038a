/** Everything the chat says by itself. A page may set any of it in another way: `element.strings = { … }`. */

export interface Strings {
  /** Where the host gave no title. */
  title: string;
  open: string;
  close: string;
  /** `{count}` new messages. */
  unread: string;
  greeting: string;
  greetingMore: string;
  input: string;
  send: string;
  attach: string;
  drop: string;
  log: string;
  you: string;
  agent: string;
  bot: string;
  typing: string;
  /** `{name}` types. */
  typingName: string;
  newer: string;
  online: string;
  connecting: string;
  offline: string;
  denied: string;
  signedOut: string;
  sending: string;
  sent: string;
  seen: string;
  notSent: string;
  accept: string;
  decline: string;
  accepted: string;
  declined: string;
  download: string;
  uploading: string;
  end: string;
  endQuestion: string;
  endYes: string;
  endNo: string;
  ended: string;
  newTab: string;
  textTooLong: string;
  fileTooLarge: string;
  fileType: string;
  fileEmpty: string;
  fileLost: string;
}

const en: Strings = {
  title: "Chat with us",
  open: "Open chat",
  close: "Close chat",
  unread: "{count} new messages",
  greeting: "How can we help?",
  greetingMore: "Write to us. The conversation stays here, so you can come back to it.",
  input: "Write a message",
  send: "Send",
  attach: "Attach a file",
  drop: "Drop files here to send them",
  log: "Messages",
  you: "You",
  agent: "Agent",
  bot: "Assistant",
  typing: "Writing…",
  typingName: "{name} is writing…",
  newer: "New messages",
  online: "Connected",
  connecting: "Connecting…",
  offline: "No connection. What you write is sent as soon as it is back.",
  denied: "The chat is not available on this page.",
  signedOut: "Please sign in again to go on chatting.",
  sending: "Sending",
  sent: "Sent",
  seen: "Seen",
  notSent: "Not sent",
  accept: "Accept",
  decline: "Decline",
  accepted: "Accepted",
  declined: "Declined",
  download: "Download",
  uploading: "Uploading",
  end: "End conversation",
  endQuestion: "End this conversation?",
  endYes: "End it",
  endNo: "Go on",
  ended: "The conversation has ended. Write to begin a new one.",
  newTab: "opens in a new tab",
  textTooLong: "At most {count} characters.",
  fileTooLarge: "{name} is too large: at most {size}.",
  fileType: "{name}: files of this type cannot be sent.",
  fileEmpty: "{name} is empty.",
  fileLost: "The file is not there any more. Please choose it again.",
};

const de: Strings = {
  title: "Schreiben Sie uns",
  open: "Chat öffnen",
  close: "Chat schließen",
  unread: "{count} neue Nachrichten",
  greeting: "Wie können wir helfen?",
  greetingMore: "Schreiben Sie uns. Das Gespräch bleibt hier, Sie können jederzeit zurückkommen.",
  input: "Nachricht schreiben",
  send: "Senden",
  attach: "Datei anhängen",
  drop: "Dateien hier ablegen, um sie zu senden",
  log: "Nachrichten",
  you: "Sie",
  agent: "Mitarbeiter",
  bot: "Assistent",
  typing: "Schreibt …",
  typingName: "{name} schreibt …",
  newer: "Neue Nachrichten",
  online: "Verbunden",
  connecting: "Verbindung wird hergestellt …",
  offline: "Keine Verbindung. Ihre Nachrichten gehen hinaus, sobald sie wieder da ist.",
  denied: "Der Chat steht auf dieser Seite nicht zur Verfügung.",
  signedOut: "Bitte melden Sie sich neu an, um weiterzuschreiben.",
  sending: "Wird gesendet",
  sent: "Gesendet",
  seen: "Gesehen",
  notSent: "Nicht gesendet",
  accept: "Annehmen",
  decline: "Ablehnen",
  accepted: "Angenommen",
  declined: "Abgelehnt",
  download: "Herunterladen",
  uploading: "Wird hochgeladen",
  end: "Gespräch beenden",
  endQuestion: "Dieses Gespräch beenden?",
  endYes: "Beenden",
  endNo: "Weiter",
  ended: "Das Gespräch ist beendet. Schreiben Sie, um ein neues zu beginnen.",
  newTab: "öffnet einen neuen Tab",
  textTooLong: "Höchstens {count} Zeichen.",
  fileTooLarge: "{name} ist zu groß: höchstens {size}.",
  fileType: "{name}: Dateien dieser Art können nicht gesendet werden.",
  fileEmpty: "{name} ist leer.",
  fileLost: "Die Datei ist nicht mehr da. Bitte wählen Sie sie noch einmal aus.",
};

const es: Strings = {
  title: "Escríbanos",
  open: "Abrir el chat",
  close: "Cerrar el chat",
  unread: "{count} mensajes nuevos",
  greeting: "¿En qué podemos ayudarle?",
  greetingMore: "Escríbanos. La conversación se queda aquí y puede volver cuando quiera.",
  input: "Escriba un mensaje",
  send: "Enviar",
  attach: "Adjuntar un archivo",
  drop: "Suelte aquí los archivos para enviarlos",
  log: "Mensajes",
  you: "Usted",
  agent: "Agente",
  bot: "Asistente",
  typing: "Escribiendo…",
  typingName: "{name} está escribiendo…",
  newer: "Mensajes nuevos",
  online: "Conectado",
  connecting: "Conectando…",
  offline: "Sin conexión. Lo que escriba se enviará en cuanto vuelva.",
  denied: "El chat no está disponible en esta página.",
  signedOut: "Vuelva a iniciar sesión para seguir conversando.",
  sending: "Enviando",
  sent: "Enviado",
  seen: "Visto",
  notSent: "No enviado",
  accept: "Aceptar",
  decline: "Rechazar",
  accepted: "Aceptado",
  declined: "Rechazado",
  download: "Descargar",
  uploading: "Subiendo",
  end: "Terminar la conversación",
  endQuestion: "¿Terminar esta conversación?",
  endYes: "Terminar",
  endNo: "Seguir",
  ended: "La conversación ha terminado. Escriba para empezar otra.",
  newTab: "se abre en otra pestaña",
  textTooLong: "Como máximo {count} caracteres.",
  fileTooLarge: "{name} es demasiado grande: como máximo {size}.",
  fileType: "{name}: no se pueden enviar archivos de este tipo.",
  fileEmpty: "{name} está vacío.",
  fileLost: "El archivo ya no está. Elíjalo otra vez.",
};

const fr: Strings = {
  title: "Écrivez-nous",
  open: "Ouvrir le chat",
  close: "Fermer le chat",
  unread: "{count} nouveaux messages",
  greeting: "Comment pouvons-nous vous aider ?",
  greetingMore: "Écrivez-nous. La conversation reste ici, vous pouvez y revenir.",
  input: "Écrire un message",
  send: "Envoyer",
  attach: "Joindre un fichier",
  drop: "Déposez des fichiers ici pour les envoyer",
  log: "Messages",
  you: "Vous",
  agent: "Conseiller",
  bot: "Assistant",
  typing: "Écrit…",
  typingName: "{name} écrit…",
  newer: "Nouveaux messages",
  online: "Connecté",
  connecting: "Connexion…",
  offline: "Pas de connexion. Vos messages partiront dès son retour.",
  denied: "Le chat n’est pas disponible sur cette page.",
  signedOut: "Veuillez vous reconnecter pour continuer.",
  sending: "Envoi",
  sent: "Envoyé",
  seen: "Vu",
  notSent: "Non envoyé",
  accept: "Accepter",
  decline: "Refuser",
  accepted: "Accepté",
  declined: "Refusé",
  download: "Télécharger",
  uploading: "Envoi du fichier",
  end: "Terminer la conversation",
  endQuestion: "Terminer cette conversation ?",
  endYes: "Terminer",
  endNo: "Continuer",
  ended: "La conversation est terminée. Écrivez pour en commencer une autre.",
  newTab: "s’ouvre dans un nouvel onglet",
  textTooLong: "{count} caractères au plus.",
  fileTooLarge: "{name} est trop volumineux : {size} au plus.",
  fileType: "{name} : ce type de fichier ne peut pas être envoyé.",
  fileEmpty: "{name} est vide.",
  fileLost: "Le fichier n’est plus là. Veuillez le choisir à nouveau.",
};

const ar: Strings = {
  title: "تحدث إلينا",
  open: "فتح المحادثة",
  close: "إغلاق المحادثة",
  unread: "رسائل جديدة: {count}",
  greeting: "كيف يمكننا مساعدتك؟",
  greetingMore: "اكتب إلينا. تبقى المحادثة هنا ويمكنك العودة إليها متى شئت.",
  input: "اكتب رسالة",
  send: "إرسال",
  attach: "إرفاق ملف",
  drop: "أفلت الملفات هنا لإرسالها",
  log: "الرسائل",
  you: "أنت",
  agent: "الموظف",
  bot: "المساعد",
  typing: "يكتب…",
  typingName: "{name} يكتب…",
  newer: "رسائل جديدة",
  online: "متصل",
  connecting: "جارٍ الاتصال…",
  offline: "لا يوجد اتصال. سيُرسل ما تكتبه فور عودته.",
  denied: "المحادثة غير متاحة في هذه الصفحة.",
  signedOut: "يرجى تسجيل الدخول من جديد لمتابعة المحادثة.",
  sending: "جارٍ الإرسال",
  sent: "أُرسلت",
  seen: "شوهدت",
  notSent: "لم تُرسل",
  accept: "قبول",
  decline: "رفض",
  accepted: "تم القبول",
  declined: "تم الرفض",
  download: "تنزيل",
  uploading: "جارٍ الرفع",
  end: "إنهاء المحادثة",
  endQuestion: "هل تريد إنهاء هذه المحادثة؟",
  endYes: "إنهاء",
  endNo: "متابعة",
  ended: "انتهت المحادثة. اكتب لبدء محادثة جديدة.",
  newTab: "يُفتح في علامة تبويب جديدة",
  textTooLong: "{count} حرف على الأكثر.",
  fileTooLarge: "الملف {name} كبير جدًا: {size} على الأكثر.",
  fileType: "{name}: لا يمكن إرسال ملفات من هذا النوع.",
  fileEmpty: "الملف {name} فارغ.",
  fileLost: "لم يعد الملف موجودًا. يرجى اختياره من جديد.",
};

const ALL: Record<string, Strings> = { en, de, es, fr, ar };

const RIGHT_TO_LEFT = new Set(["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"]);

const base = (language: string): string => language.toLowerCase().split(/[-_]/u)[0] ?? "";

/** The strings of a language tag; English where there are none. */
export function stringsOf(language: string): Strings {
  return ALL[base(language)] ?? en;
}

export function isRightToLeft(language: string): boolean {
  return RIGHT_TO_LEFT.has(base(language));
}

/** Puts values in the place of `{names}`. */
export function filled(text: string, values: Record<string, string>): string {
  return text.replaceAll(/\{(\w+)\}/gu, (whole, name: string) => values[name] ?? whole);
}
